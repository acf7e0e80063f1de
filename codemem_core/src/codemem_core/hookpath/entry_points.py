"""Entry points of installed distributions, without `importlib.metadata`.

Importing that takes 36 ms; reading the few small files that are wanted takes 0.02 ms each.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Groups = dict[str, dict[str, str]]

_SUFFIX = ".dist-info"


def installed() -> Iterator[tuple[str, Groups]]:
    """Yield the name and the entry points, by group, of each distribution that has any.

    Distributions named after codemem come first: most commands are found there.
    """
    for about, groups in described():
        yield os.path.basename(about).removesuffix(_SUFFIX).partition("-")[0], groups


def metadata_of(about: str) -> str:
    """Return what a distribution's folder `*.dist-info` says of it; empty when it says nothing."""
    try:
        with open(f"{about}/METADATA", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def described() -> Iterator[tuple[str, Groups]]:
    """Yield the same by the path of each distribution's folder `*.dist-info`."""
    found = []
    for place, folder in enumerate(sys.path):
        try:
            names = [name for name in os.listdir(folder) if name.endswith(_SUFFIX)]
        except OSError:
            continue
        found += [(not name.startswith("codemem"), name, place, folder) for name in names]
    for _, name, _, folder in sorted(found):
        try:
            with open(f"{folder}/{name}/entry_points.txt", encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError):
            continue
        if "codemem" in text:
            yield f"{folder}/{name}", _parsed(text)


def _parsed(text: str) -> Groups:
    groups: Groups = {}
    current: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            current = groups.setdefault(line.strip("[]"), {})
        elif "=" in line:
            name, _, target = line.partition("=")
            current[name.strip()] = target.strip()
    return groups
