"""docs/write-a-plugin.md, executed from top to bottom without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, run

pytestmark = [pytest.mark.wheels, pytest.mark.xdist_group("wheels")]

_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
"""pip reads the last one as "no isolation": the build takes the hatchling that is there."""


def test_the_tutorial_does_what_it_says(
    installed: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Each block is run or written in its turn, each output shown is really printed."""
    run(installed / "pip", "install", "--quiet", "hatchling", "editables", "pytest", "hypothesis")
    environ |= OFFLINE | {"PYTHONDONTWRITEBYTECODE": "1"}
    script, printed = "set -eu\n", ""
    page = (ROOT / "docs" / "write-a-plugin.md").read_text()
    for language, file, content in _BLOCK.findall(page):
        if file:
            (tmp_path / "codemem-tally" / file).write_text(content)
        elif language == "sh":
            script += content
            printed = run("/bin/sh", "-c", script, cwd=tmp_path, environ=environ)
            script = _without_effects(script)
        else:
            assert content.strip() in printed
    run(installed / "pip", "uninstall", "--quiet", "--yes", "codemem-tally")

    assert "tally" not in run(installed / "codemem", "plugins", environ=environ)


def _without_effects(script: str) -> str:
    """Keep what the next block's shell must know of this one: where it is, what is exported."""
    kept = ("set ", "cd ", "export ")
    return "".join(line + "\n" for line in script.splitlines() if line.startswith(kept))
