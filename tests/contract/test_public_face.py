"""What plugins may rely on: `codemem_core.api` and `codemem_core.commands`."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from codemem_core.lazy import offered

CORE = Path(__file__).parents[2] / "codemem_core/src/codemem_core"
STUBS = {"codemem_core.api": "api.pyi", "codemem_core.commands": "commands/__init__.pyi"}


@pytest.mark.parametrize("module", STUBS)
def test_every_offered_name_can_be_imported(module: str) -> None:
    """What the stub lists is what the module gives."""
    names = offered((CORE / STUBS[module]).read_text(encoding="utf-8"))
    face = importlib.import_module(module)

    assert sorted(names) == face.__all__ == dir(face)
    assert [name for name in names if getattr(face, name, None) is None] == []


@pytest.mark.parametrize("module", STUBS)
def test_a_name_that_is_not_offered_is_an_error(module: str) -> None:
    """As for any other module."""
    with pytest.raises(AttributeError, match=f"module `{module}` has no attribute `invented`"):
        importlib.import_module(module).invented  # noqa: B018


def test_importing_the_face_imports_nothing_behind_it() -> None:
    """A plugin module is loaded by commands that use nothing of it."""
    probe = "import sys, codemem_core.api, codemem_core.commands; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("codemem_core.")}

    assert loaded == {
        *("codemem_core._version", "codemem_core.api", "codemem_core.commands"),
        "codemem_core.lazy",
    }
