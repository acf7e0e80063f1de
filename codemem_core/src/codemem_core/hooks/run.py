"""Run a host's hook: answer with context where it asks for that, then hand its payload over."""

from __future__ import annotations

import sys
import time

from codemem_core.hookpath.deadline import Deadline
from codemem_core.hookpath.notes import beginning
from codemem_core.hooks.hand_over import MAX_BYTES, SPOOL_S, deliver, log_lost, read_payload
from codemem_core.hooks.hook_host import HookHost
from codemem_core.hooks.respond import respond

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(host: HookHost, arguments: Sequence[str] = ()) -> int:
    """Read a payload from standard input, answer it, store it, and return 0.

    The answer is printed before the payload is handed over, so it is never later for that.
    """
    began, started = beginning(), time.monotonic()
    settings = host.settings()
    with Deadline(2 * host.total_s("", settings) + SPOOL_S):
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        payload = None if settings.flag("plugin_ignore") else read_payload(raw, shrink=host.shrink)
        if payload is not None:
            payload = host.named(payload, arguments)
        respond(host, payload, settings, began=began, started=started)
        if payload is not None:
            deliver(host, payload, settings, began=began, started=time.monotonic())
        elif not settings.flag("plugin_ignore"):
            log_lost(raw, settings)
    return 0
