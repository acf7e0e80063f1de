"""`codemem claude-hook-inject`: what the memory has to say, before Claude reads the prompt.

Claude Code waits for this command at every prompt and when a session begins.
"""

from __future__ import annotations

import sys
import time

from codemem_claude.hook_host import HOST
from codemem_claude.version import OTHER_VERSION, is_version
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.deadline import Deadline
from codemem_core.hookpath.notes import beginning
from codemem_core.hooks.context import total_s
from codemem_core.hooks.respond import respond

_MAX_BYTES = 2 * 1024 * 1024
"""A longer payload is no prompt a person typed."""


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, print one line of JSON for Claude Code, return 0.

    `--plugin-version V` first: 75, and nothing read or printed, when this codemem is no V.
    """
    began, started = beginning(), time.monotonic()
    if not is_version(arguments):
        return OTHER_VERSION
    settings = HOST.settings()
    with Deadline(total_s(settings)):
        raw = sys.stdin.buffer.read(_MAX_BYTES + 1)
        try:
            payload = quick_json.read_first(raw) if len(raw) <= _MAX_BYTES else None
        except (ValueError, RecursionError):
            payload = None
        usable = isinstance(payload, dict) and not settings.flag("plugin_ignore")
        respond(HOST, payload if usable else None, settings, began=began, started=started)
    return 0
