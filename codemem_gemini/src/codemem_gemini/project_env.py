"""What a repository's `.env` put into the environment: Gemini CLI reads it, and hooks inherit it.

Only the user's own settings count: a repository must not choose a database, a model or a command.
On the hook path: `os` only.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_BYTES = 1 << 16


def users_environ(environ: Mapping[str, str], *, cwd: str) -> dict[str, str]:
    """Return the environment without what `.env` files between `cwd` and the home folder name."""
    foreign = {name for folder in _folders(cwd) for name in _named_in(folder)}
    return {name: value for name, value in environ.items() if name not in foreign}


def _folders(cwd: str) -> Iterator[str]:
    home, folder = os.path.expanduser("~"), cwd
    while folder not in {"", "/", home}:
        yield folder
        folder = os.path.dirname(folder)


def _named_in(folder: str) -> Iterator[str]:
    for name in (".env", ".gemini/.env"):
        try:
            with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
                lines = file.read(_MAX_BYTES).splitlines()
        except OSError:
            continue
        for line in lines:
            variable, equals, _ = line.strip().removeprefix("export ").partition("=")
            if equals:
                yield variable.strip()
