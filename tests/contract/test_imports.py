"""Who may import whom; the rules stand in the root pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_keep_their_direction() -> None:
    """Every contract holds, and the linter looked at the real tree.

    With a package it cannot see it would report the same success over next to nothing.
    """
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    files, dependencies = re.search(r"Analyzed (\d+) files, (\d+) dep", done.stdout).groups()  # type: ignore[union-attr]
    assert int(files) > 100
    assert int(dependencies) > 400
    assert "4 kept, 0 broken" in done.stdout
