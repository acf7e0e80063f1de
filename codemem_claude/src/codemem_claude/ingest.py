"""`codemem claude-hook-ingest`: hand one hook payload over and be gone."""

from __future__ import annotations

import sys
import time

from codemem_claude.hook_host import HOST
from codemem_claude.version import OTHER_VERSION, is_version
from codemem_core.hookpath.deadline import Deadline
from codemem_core.hookpath.notes import beginning
from codemem_core.hooks.hand_over import MAX_BYTES, SPOOL_S, deliver, log_lost, read_payload


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, store it somewhere safe, print nothing, return 0.

    `--plugin-version V` first: 75, and nothing read, when this codemem is no V.
    """
    started, began = time.monotonic(), beginning()
    if not is_version(arguments):
        return OTHER_VERSION
    settings = HOST.settings()
    with Deadline(HOST.total_s("", settings) + SPOOL_S):
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        if settings.flag("plugin_ignore"):
            return 0
        payload = read_payload(raw, shrink=HOST.shrink)
        if payload is None:
            log_lost(raw, settings)
        else:
            deliver(HOST, payload, settings, began=began, started=started)
    return 0
