"""Folders and files that somebody could have planted: never followed, never waited for, checked."""

from __future__ import annotations

import os
import stat

from codemem_core.errors import InputError, StoreError
from codemem_core.paths import make_private_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without NONBLOCK, opening a planted pipe would wait for its other end.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_folder(path: str) -> int:
    """Return a descriptor of the folder at `path`, made if it is missing and closed to others.

    Raises `StoreError` for what is not a folder of this user, `OSError` when it cannot be made.
    """
    make_private_folder(os.path.dirname(path))
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    else:
        _sync_parent(path)
    try:
        folder = os.open(path, _FOLDER)
    except OSError as error:
        raise StoreError(f"not a folder: `{path}`", hint="move it away") from error
    status = os.fstat(folder)
    if status.st_uid != os.geteuid():
        os.close(folder)
        raise StoreError(f"folder belongs to another user: `{path}`", hint="move it away")
    if stat.S_IMODE(status.st_mode) != 0o700:
        os.fchmod(folder, 0o700)
    return folder


def read_file(name: str, *, folder: int, largest: int) -> bytes:
    """Return the content of a private file of ours; raises `InputError` for anything else."""
    try:
        descriptor = os.open(name, os.O_RDONLY | _FILE, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:  # a link, most likely
        raise InputError(f"cannot be opened: {error.strerror}") from error
    try:
        _check(os.fstat(descriptor), largest)
        return os.read(descriptor, largest)
    finally:
        os.close(descriptor)


def write_file(name: str, data: bytes, *, folder: int) -> None:
    """Write a new private file and sync it; raises `OSError`, and leaves nothing behind then."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        os.unlink(name, dir_fd=folder)
        raise


def append_byte(name: str, *, folder: int) -> None:
    """Add one byte to a private file: appending is atomic, so its size is a count of such calls."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _FILE
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        _check(os.fstat(descriptor), largest=2**31)
        os.write(descriptor, b".")
    finally:
        os.close(descriptor)


def _check(status: os.stat_result, largest: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError("not a plain file")
    if status.st_uid != os.geteuid():
        raise InputError("belongs to another user")
    if status.st_nlink != 1:
        raise InputError("has another name elsewhere")
    if status.st_size > largest:
        raise InputError(f"too large: {status.st_size} bytes")


def _sync_parent(path: str) -> None:
    """Make a new entry durable: it stands in the folder above."""
    parent = os.open(os.path.dirname(path), _FOLDER & ~os.O_NOFOLLOW)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
