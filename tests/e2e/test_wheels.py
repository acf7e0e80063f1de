"""The wheels: built, installed by path into a clean environment, and run there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = {"core", "claude", "mcp", "observers", "opencode", "viewer"}

pytestmark = pytest.mark.wheels


def run(*command: str | Path, environ: dict[str, str] | None = None) -> str:
    """Run a program and return what it printed; fail with its errors if it failed."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=environ, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build every wheel and install them; return the environment's folder of programs."""
    folder = tmp_path_factory.mktemp("wheels")
    uv = Path(sys.executable).with_name("uv")
    run(uv, "build", "--all-packages", "--wheel", "--out-dir", folder / "dist", ROOT)
    run(sys.executable, "-m", "venv", folder / "venv")
    wheels = sorted((folder / "dist").glob("*.whl"))
    run(folder / "venv/bin/pip", "install", "--quiet", *wheels)
    return folder / "venv/bin"


@pytest.fixture
def environ(home: Path, installed: Path) -> dict[str, str]:
    """Give programs the clean home and nothing of this checkout."""
    return {"HOME": str(home), "PATH": f"{installed}:{os.defpath}", "LANG": "C.UTF-8"}


def test_there_is_one_wheel_for_each_distribution(installed: Path) -> None:
    """Six members and the one that pins them."""
    names = {path.name.split("-")[0] for path in (installed.parents[1] / "dist").glob("*.whl")}

    assert names == {"codemem", *(f"codemem_{member}" for member in MEMBERS)}


def test_the_installed_program_finds_every_plugin(installed: Path, environ: dict[str, str]) -> None:
    """Entry points work from wheels as they do from the checkout."""
    listing = json.loads(run(installed / "codemem", "plugins", "--json", environ=environ))

    states = {info["name"]: info["state"] for info in listing["plugins"]}
    assert states == dict.fromkeys({"builtin", *(MEMBERS - {"core"})}, "active")


def test_the_demo_runs_from_the_wheels(installed: Path, environ: dict[str, str]) -> None:
    """Package data, templates and migrations are all inside."""
    shown = run(installed / "codemem", "demo", environ=environ)

    assert "A later session asks" in shown
    assert "vat_by_rate" in shown


def test_a_member_is_useful_alone(tmp_path: Path, installed: Path) -> None:
    """The core without any integration imports and lists itself."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    (core,) = (installed.parents[1] / "dist").glob("codemem_core-*.whl")
    run(tmp_path / "venv/bin/pip", "install", "--quiet", core)
    code = "import sys; from codemem_core.cli.main import main; sys.argv[1:] = ['plugins'];main()"

    assert "builtin" in run(tmp_path / "venv/bin/python", "-c", code)
