"""The wheels: built, installed by path into a clean environment, and run there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import run

MEMBERS = {
    *("core", "cli", "transfer", "eval", "mcp", "observers", "semantic", "viewer"),
    *("claude", "codex", "copilot", "gemini", "opencode", "team"),
}

pytestmark = [pytest.mark.wheels, pytest.mark.xdist_group("wheels")]


def test_there_is_one_wheel_for_each_distribution(installed: Path) -> None:
    """The members, and the one that pins them."""
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


def test_a_subset_is_useful_alone(tmp_path: Path, installed: Path) -> None:
    """The program and one agent's package are a working `codemem` by themselves."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    dist = installed.parents[1] / "dist"
    wheels = [next(dist.glob(f"codemem_{name}-*.whl")) for name in ("core", "cli", "claude")]
    run(tmp_path / "venv/bin/pip", "install", "--quiet", *wheels)
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "venv/bin")}
    listing = json.loads(run(tmp_path / "venv/bin/codemem", "plugins", "--json", environ=environ))

    assert {info["name"] for info in listing["plugins"]} == {"builtin", "cli", "claude"}
