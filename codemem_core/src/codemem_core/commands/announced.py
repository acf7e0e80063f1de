"""Say once that plugins of third parties are there: installing was consent, this is the receipt."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from codemem_core import paths
from codemem_core.commands.output import warn

if TYPE_CHECKING:
    from codemem_core.records.plugin import PluginInfo

_FILE = "plugins-announced.json"


def announce(listing: list[PluginInfo]) -> None:
    """Write a line on a person's terminal for each distribution that was not there before.

    Hooks, servers and pipes have no terminal for their errors: they say nothing and leave the news
    to a person's command. A distribution that was removed is news when it comes back.
    """
    if not sys.stderr.isatty():
        return
    theirs = {each.distribution: each for each in listing if each.third_party}
    path = os.path.join(paths.home_folder(), _FILE)
    known = _known(path)
    for name in sorted({*theirs} - known):
        warn(
            f"codemem: new third-party plugin {theirs[name]}: it runs with all that you may do."
            " `codemem plugins` lists what it offers."
        )
    if known != {*theirs}:
        # Not being able to remember is no reason to fail; it is said again then.
        with suppress(OSError):
            paths.make_private_folder(os.path.dirname(path))
            with os.fdopen(paths.open_private(path), "w", encoding="utf-8") as file:
                json.dump(sorted(theirs), file)


def _known(path: str) -> set[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return {str(name) for name in json.load(file)}
    except (OSError, ValueError, TypeError):
        return set()
