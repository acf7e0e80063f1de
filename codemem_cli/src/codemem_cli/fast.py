"""Commands a host calls many times a minute: found without click, pluggy or importlib.metadata.

Any installed distribution may list such commands in its entry-point group `codemem.fast`. One that
is offered twice belongs to the distribution that comes first by name, those named after codemem
before others.
"""

from __future__ import annotations

import os
import sys

from codemem_core.hookpath.entry_points import installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Target = Callable[[list[str]], int]

_BLOCKING = ("CODEMEM_DISABLED_PLUGINS", "CODEMEM_PLUGINS_DISABLE")


def find(command: str) -> Target | None:
    """Return the function behind a fast command, or None when click has to answer.

    A distribution with a blocked plugin has no fast commands.
    """
    blocked = {name for key in _BLOCKING for name in _words(os.environ.get(key, ""))}
    for _, groups in installed():
        target = groups.get("codemem.fast", {}).get(command)
        if target and blocked.isdisjoint(groups.get("codemem", {})):
            return _when_called(target)
    return None


def _when_called(target: str) -> Target:
    """Return what imports and runs a target: a module that cannot be imported fails as a call."""
    module, _, name = target.partition(":")

    def run(arguments: list[str]) -> int:
        __import__(module)
        function: Target = getattr(sys.modules[module], name)
        return function(arguments)

    return run


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
