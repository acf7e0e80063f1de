"""Hand one hook payload over: to the server, else the database, else the spool.

A host runs this at every tool call and waits for it: stdlib `os` and `time` only, until the server
cannot be reached. No `re`: `json` and `redact` would bring it, a sixth of the time.
"""

from __future__ import annotations

import os
import time

from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.client import post_json
from codemem_core.hookpath.notes import note
from codemem_core.hooks.hook_host import HookHost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SPOOL_S = 1.0
"""Processor time on top: a plugin that turns for ever must not take the spool its turn."""
MAX_BYTES = 64 * 1024 * 1024
"""Larger payloads are no hook's."""
_SENT = 900_000
"""Bytes the server takes in one request are 1 MiB; what is larger is clipped to fit."""
_RESERVE_S = 0.6
"""What the server must leave of the hook's time: enough to load the store and write."""
_LEAST_S = 0.2
"""For the server, however long it took to read the payload."""
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""
_CLIP = 16_000
"""Characters kept of each text of a payload that has to be clipped."""


def read_payload(
    raw: bytes, *, shrink: Callable[[Any], Any] | None = None
) -> dict[str, Any] | None:
    """Return the hook payload without its private parts, or None when it is none.

    One that is too large for the server comes without its secrets, and clipped; `shrink` may take
    out first what nobody needs.
    """
    if len(raw) > MAX_BYTES:
        return None
    try:
        payload = quick_json.read_first(raw)
        if len(raw) > _SENT:
            from codemem_core.redact.clean import cleaned  # noqa: PLC0415 - see above

            payload = cleaned(shrink(payload) if shrink else payload, text_chars=_CLIP)
        elif _may_be_private(raw):
            from codemem_core.redact.private import strip_private  # noqa: PLC0415 - see above

            payload = strip_private(payload)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _may_be_private(raw: bytes) -> bool:
    r"""Say whether a payload may hold a `<private>` tag, were it by escapes such as `\u0070`."""
    return b"private" in raw.lower() or b"\\u00" in raw


def log_lost(raw: bytes, settings: Settings) -> None:
    """Log that nobody can use what the host sent."""
    if raw.strip():
        from codemem_core.hookpath.log import LOST, log  # noqa: PLC0415 - rarely needed

        log(settings, f"{LOST}: {len(raw)} bytes are no JSON object that can be read")


def deliver(
    host: HookHost, payload: dict[str, Any], settings: Settings, *, began: float, started: float
) -> None:
    """Store a payload somewhere safe; start the server where one should run and does not."""
    hook = host.hook(payload)
    stamp(host, payload, settings)
    runs = _hand_over(
        host,
        payload,
        settings,
        until=started + host.total_s(hook, settings),
        connect_s=host.connect_s(settings),
    )
    if not runs:
        _start_server(host, payload, settings)
    if hook:
        database = paths.database_path(settings)
        note(database, began=began, source=host.source, hook=f"{hook} ingest")


def _start_server(host: HookHost, payload: dict[str, Any], settings: Settings) -> None:
    from codemem_core.hooks.autostart import has_ended_unused, start_server  # noqa: PLC0415 - rare

    if host.starts_server(payload) or has_ended_unused(settings):
        start_server(settings, host.server_environ(payload, settings.environ))


def stamp(host: HookHost, payload: dict[str, Any], settings: Settings) -> None:
    """Add what only this process knows: when the hook fired, and what its environment says."""
    _stamp_time(payload)
    extra: dict[str, Any] = {}
    if project := settings.text("project"):
        extra["project"] = project
    folder = os.environ.get(host.folder_variable, "") if host.folder_variable else ""
    if os.path.isabs(folder) and folder != payload.get("cwd"):
        extra["folder"] = folder
    flush = host.flush(host.hook(payload), settings)
    if flush is not None:
        extra["flush"] = flush
    if extra:
        payload["codemem"] = extra


def _stamp_time(payload: dict[str, Any]) -> None:
    """Add when the hook fired, unless the host says so, as ISO 8601 or in milliseconds.

    With the time in it the payload has the same event id on every later way into the store.
    """
    given = payload.get("ts") or payload.get("timestamp")
    if isinstance(given, int | float) and 0 < given < _LAST_MS:
        payload["ts"] = _iso(int(given) * 1_000_000)
    elif isinstance(given, str) and given.strip():
        payload["ts"] = given
    else:
        payload["ts"] = _iso(time.time_ns())


def _hand_over(
    host: HookHost,
    payload: dict[str, Any],
    settings: Settings,
    *,
    until: float,
    connect_s: float,
) -> bool:
    """Store a payload somewhere safe before `until` (monotonic time).

    Returns False when no server runs. Raises nothing: what could not be stored stands in the log.
    """
    left_s = max(_LEAST_S, until - time.monotonic())
    total_s = left_s - min(_RESERVE_S, left_s / 2)
    answer = _to_server(host, payload, settings, connect_s=connect_s, total_s=total_s)
    if answer != "stored":
        from codemem_core.hooks.fallback import keep  # noqa: PLC0415 - costs 100 ms, rarely needed

        keep(host, payload, settings, until=until)
    return answer != "absent"


def _to_server(
    host: HookHost,
    payload: dict[str, Any],
    settings: Settings,
    *,
    connect_s: float,
    total_s: float,
) -> str:
    """Post to the server: `stored` (or it will never want it), `absent`, or `failed`.

    Over its Unix socket alone: whoever took the TCP port first would be told every prompt.
    """
    socket = paths.socket_path(paths.database_path(settings))
    try:
        paths.check_private_folder(os.path.dirname(socket))
        status, _ = post_json(
            socket,
            host.path or f"/api/hooks/{host.source}",
            # The server refuses half a character, as JavaScript may cut one; the rest is kept.
            quick_json.write(payload).encode("utf-8", "replace"),
            connect_s=connect_s,
            total_s=total_s,
        )
    except (FileNotFoundError, ConnectionRefusedError):
        return "absent"
    except (OSError, StoreError):
        return "failed"
    # 400: the payload is unusable, and would be so on any other way.
    return "stored" if status in {200, 400} else "failed"


def _iso(epoch_ns: int) -> str:
    seconds, nanoseconds = divmod(epoch_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06d}Z"
