"""`codemem plugins new`: a package whose tests pass as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codemem_cli.skeleton import SEAMS, write_package
from codemem_core import hookspecs
from codemem_core.errors import InputError


@pytest.mark.parametrize("seam", sorted(SEAMS))
def test_the_tests_of_a_new_package_pass(seam: str, tmp_path: Path) -> None:
    """The author starts from green."""
    write_package("my-own", seam, tmp_path)
    root = tmp_path / "codemem-my-own"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_there_is_a_skeleton_for_every_hook() -> None:
    """Whoever reads docs/hooks.md can start from a package that works."""
    hooks = {name for name in vars(hookspecs) if name.startswith("codemem_")}

    assert {seam.hook for seam in SEAMS.values()} == hooks


@pytest.mark.parametrize("name", ["", "Own", "my_own", "-own", "own-", "../own", "1own"])
def test_a_name_that_is_no_package_name_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing is written then."""
    with pytest.raises(InputError, match="not a package name"):
        write_package(name, "auth", tmp_path)

    assert list(tmp_path.glob("codemem*")) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    """Somebody's work may be in it."""
    write_package("own", "auth", tmp_path)

    with pytest.raises(InputError, match="the folder exists"):
        write_package("own", "policy", tmp_path)
