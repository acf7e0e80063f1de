"""Answer a hook: print what the host should tell its model.

On the hook path: what only some hooks need is imported when they need it.
"""

from __future__ import annotations

import os
import sys

from codemem_core.config.settings import Settings
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.notes import note
from codemem_core.hooks.hook_host import HookHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def respond(
    host: HookHost,
    payload: Mapping[str, Any] | None,
    settings: Settings,
    *,
    began: float,
    started: float,
) -> None:
    """Print what the host should tell its model, or that there is nothing."""
    occasion = host.occasion(payload) if payload else None
    noted: dict[str, Any] = {}
    line = host.nothing
    if occasion:
        from codemem_core.hooks.context import context  # noqa: PLC0415 - apsw, for few hooks only

        if text := context(host, occasion, settings, noted, started=started):
            line = quick_json.write(host.answer(occasion, text), escaped=True)
    if line:
        _print(line)
    if noted:
        note(began=began, **noted)


def _print(text: str) -> None:
    """Print a hook's answer, whether or not anybody still reads it."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        # Nobody reads any more; without this the interpreter complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
