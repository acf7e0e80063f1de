"""What an end-to-end test runs: the wheels, installed by path, and real clients."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from claude_lab import claude, lab, marketplace  # noqa: F401 - fixtures
from codex_lab import codex  # noqa: F401 - a fixture
from opencode_lab import opencode  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]


def run(
    *command: str | Path, environ: dict[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a program and return what it printed; fail with its errors if it failed."""
    argv = [str(part) for part in command]
    done = subprocess.run(argv, capture_output=True, text=True, env=environ, cwd=cwd, check=False)
    assert done.returncode == 0, f"{argv}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
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
