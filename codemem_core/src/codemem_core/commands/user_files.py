"""Files of the user's: a copy is kept before they change, and nobody ever reads half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from codemem_core.errors import CodememError


def keep_copy(path: Path) -> Path:
    """Copy a file to a name beside it that says when, and return that; modes are kept."""
    kept = path.with_name(f"{path.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.bak")
    shutil.copy2(path, kept)
    return kept


def replace_file(path: Path, text: str) -> None:
    """Write a user's file as a whole, keeping its mode; a link to it stays a link.

    Raises `CodememError`.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        fd, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with open(fd, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fchmod(fd, mode)
                os.fsync(fd)
            os.replace(draft, target)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as error:
        raise CodememError(f"cannot write `{path}`: {error.strerror}") from error
