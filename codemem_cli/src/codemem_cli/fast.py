"""Commands a host calls many times a minute: found without click, pluggy or importlib.metadata.

A distribution of this repository lists them in its entry-point group `codemem.fast`. Reading those
few files takes 0.2 ms, importing `importlib.metadata` 36. Nobody else is asked: hooks answer to an
agent, and a plugin of others that prints or hangs must not stand in that way.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Target = Callable[[list[str]], int]

_OURS = {"codemem_claude", "codemem_core", "codemem_mcp", "codemem_opencode"}
_BLOCKING = ("CODEMEM_DISABLED_PLUGINS", "CODEMEM_PLUGINS_DISABLE")


def find(command: str) -> Target | None:
    """Return the function behind a fast command, or None when click has to answer.

    A distribution with a blocked plugin has no fast commands.
    """
    blocked = {name for key in _BLOCKING for name in _words(os.environ.get(key, ""))}
    for groups in _entry_points():
        target = groups.get("codemem.fast", {}).get(command)
        if target and blocked.isdisjoint(groups.get("codemem", {})):
            module, _, name = target.partition(":")
            __import__(module)
            function: Target = getattr(sys.modules[module], name)
            return function
    return None


def _entry_points() -> Iterator[dict[str, dict[str, str]]]:
    for folder in sys.path:
        try:
            names = [n for n in os.listdir(folder) if n.partition("-")[0] in _OURS]
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                try:
                    with open(f"{folder}/{name}/entry_points.txt", encoding="utf-8") as file:
                        yield _parsed(file.read())
                except OSError:
                    continue


def _parsed(text: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            current = groups.setdefault(line.strip("[]"), {})
        elif "=" in line:
            name, _, target = line.partition("=")
            current[name.strip()] = target.strip()
    return groups


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
