"""One version, in every place that names it."""

import importlib.machinery
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from codemem_core import __version__

ROOT = Path(__file__).parents[2]


def load_bump() -> ModuleType:
    """Import `.ci/bump`, which has no suffix."""
    loader = importlib.machinery.SourceFileLoader("bump", str(ROOT / ".ci" / "bump"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("bump", loader)  # type: ignore[arg-type]
    )
    loader.exec_module(module)
    return module


bump = load_bump()


@pytest.mark.parametrize("path", bump.places(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_place_has_the_same_version(path: Path) -> None:
    """All distributions, the host plugins and the pins between them move together."""
    assert set(bump.versions(path)) == {__version__}


def test_every_place_is_known() -> None:
    """The list holds what users and hosts read, and a pin for each member."""
    names = [path.relative_to(ROOT).as_posix() for path in bump.places()]

    members = [folder.name for folder in ROOT.glob("codemem_*") if folder.is_dir()]
    assert {f"{member}/pyproject.toml" for member in members} <= set(names)
    assert ".claude-plugin/marketplace.json" in names
    assert "codemem_claude/src/codemem_claude/claude_plugin/.claude-plugin/plugin.json" in names
    assert len(bump.versions(ROOT / "pyproject.toml")) == len(members) + 1


def test_bump_changes_a_version_and_its_pins(tmp_path: Path) -> None:
    """What is ours changes, what is somebody else's stays."""
    path = tmp_path / "pyproject.toml"
    shutil.copy(ROOT / "codemem_mcp" / "pyproject.toml", path)
    before = path.read_text()

    bump.bump(path, "9.8.7rc1")

    assert set(bump.versions(path)) == {"9.8.7rc1"}
    assert path.read_text().replace("9.8.7rc1", __version__) == before
