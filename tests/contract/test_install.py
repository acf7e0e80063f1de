"""What people install from a checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = {"codemem_semantic"}
"""Distributions that only an extra brings."""


def test_requirements_name_every_distribution() -> None:
    """`pip install -r requirements.txt` brings what `uv tool install .` does."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = {line.removeprefix("./") for line in lines if line.startswith(".")}

    there = {path.parent.name for path in ROOT.glob("codemem_*/pyproject.toml")}
    assert named == (there - EXTRAS) | {"."}
