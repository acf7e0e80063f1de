"""`codemem claude-hook-ingest`: hand one hook payload over and be gone.

Claude Code runs this at every tool call and waits for it: stdlib `os`, `sys` and `time` only, until
the server cannot be reached. No `re`: `json` and `redact` would bring it, a sixth of the time.
"""

from __future__ import annotations

import os
import sys
import time

from codemem_claude.version import OTHER_VERSION, is_version
from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.client import post_json
from codemem_core.hookpath.deadline import Deadline
from codemem_core.hookpath.notes import beginning, note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 64 * 1024 * 1024
"""Larger payloads are no hook's."""
_SENT = 900_000
"""Bytes the server takes in one request are 1 MiB; what is larger is clipped to fit."""
_TOTAL_S = 2.0
_SPOOL_S = 1.0
"""Processor time on top: a plugin that turns for ever must not take the spool its turn."""
_CONNECT_S = 1.0
"""Of a server, when the user's own limits are no limits: 0."""
_LAST_S = 1.2
"""Claude Code ends a SessionEnd hook after 1.5 s, whatever the plugin asks for."""
_RESERVE_S = 0.6
"""What the server must leave of the hook's time: enough to load the store and write."""
_LEAST_S = 0.2
"""For the server, however long it took to read the payload."""
_CLIP = 16_000
"""Characters kept of each text of a payload that has to be clipped."""


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, store it somewhere safe, print nothing, return 0.

    `--plugin-version V` first: 75, and nothing read, when this codemem is no V.
    """
    started, began = time.monotonic(), beginning()
    if not is_version(arguments):
        return OTHER_VERSION
    settings = Settings.load()
    with Deadline((settings.real("claude_hook_http_max_time_s") or _TOTAL_S) + _SPOOL_S):
        raw = sys.stdin.buffer.read(_LIMIT + 1)
        if not settings.flag("plugin_ignore"):
            _take(raw, settings, started=started, began=began)
    return 0


def _take(raw: bytes, settings: Settings, *, started: float, began: float) -> None:
    payload = read_payload(raw)
    if payload is None:
        _lost(raw, settings)
        return
    stamp(payload, settings)
    total_s = _total_s(payload, settings)
    left_s = max(_LEAST_S, total_s - (time.monotonic() - started))
    answer = _to_server(payload, settings, left_s - min(_RESERVE_S, left_s / 2))
    if answer != "stored":
        from codemem_claude.fallback import keep  # noqa: PLC0415 - costs 100 ms, rarely needed

        keep(payload, settings, until=started + total_s)
    if answer == "absent" and payload.get("hook_event_name") == "SessionStart":
        from codemem_claude.autostart import start_server  # noqa: PLC0415 - once a session

        start_server(payload, settings)
    hook = payload.get("hook_event_name")
    if isinstance(hook, str):
        database = paths.database_path(settings)
        note(database, began=began, source="claude", hook=f"{hook} ingest")


def _total_s(payload: dict[str, Any], settings: Settings) -> float:
    """Return how long the hook may take in all."""
    total_s = settings.real("claude_hook_http_max_time_s") or _TOTAL_S
    return min(total_s, _LAST_S) if payload.get("hook_event_name") == "SessionEnd" else total_s


def read_payload(raw: bytes) -> dict[str, Any] | None:
    """Return the hook payload without its private parts, or None when it is none.

    One that is too large for the server comes without its secrets, and clipped.
    """
    if len(raw) > _LIMIT:
        return None
    try:
        payload = quick_json.read_first(raw)
        if len(raw) > _SENT:
            from codemem_core.redact.clean import cleaned  # noqa: PLC0415 - see above

            payload = cleaned(_without_old_file(payload), text_chars=_CLIP)
        elif _may_be_private(raw):
            from codemem_core.redact.private import strip_private  # noqa: PLC0415 - see above

            payload = strip_private(payload)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _may_be_private(raw: bytes) -> bool:
    r"""Say whether a payload may hold a `<private>` tag, were it by escapes such as `\u0070`."""
    return b"private" in raw.lower() or b"\\u00" in raw


def _without_old_file(payload: Any) -> Any:  # noqa: ANN401
    """Leave out the whole old file that Edit and Write send along: the patch says it all."""
    response = payload.get("tool_response") if isinstance(payload, dict) else None
    if not isinstance(response, dict) or "originalFile" not in response:
        return payload
    kept = {name: value for name, value in response.items() if name != "originalFile"}
    return {**payload, "tool_response": kept}


def _lost(raw: bytes, settings: Settings) -> None:
    """Say that nobody can use what the host sent."""
    if raw.strip():
        from codemem_core.hookpath.log import LOST, log  # noqa: PLC0415 - rarely needed

        log(settings, f"{LOST}: {len(raw)} bytes are no JSON object that can be read")


def stamp(payload: dict[str, Any], settings: Settings) -> None:
    """Add what only this process knows: when the hook fired, and what its environment says.

    With the time in it the payload has the same event id on every later way into the store.
    """
    given = payload.get("ts") or payload.get("timestamp")
    payload["ts"] = given if isinstance(given, str) and given.strip() else _now()
    extra: dict[str, Any] = {}
    if project := settings.text("project"):
        extra["project"] = project
    folder = os.environ.get("CLAUDE_PROJECT_DIR", "")
    if os.path.isabs(folder) and folder != payload.get("cwd"):
        extra["folder"] = folder
    if payload.get("hook_event_name") in {"Stop", "SessionEnd"}:
        extra["flush"] = asks_for_flush(payload["hook_event_name"], settings)
    if extra:
        payload["codemem"] = extra


def asks_for_flush(hook: str, settings: Settings) -> bool:
    """Say whether the user wants memories made at this hook, without waiting for silence."""
    at_end = settings.flag("claude_hook_flush")
    return at_end and (hook == "SessionEnd" or settings.flag("claude_hook_flush_on_stop"))


def _to_server(payload: dict[str, Any], settings: Settings, total_s: float) -> str:
    """Post to the server: `stored` (or it will never want it), `absent`, or `failed`.

    Over its Unix socket alone: whoever took the TCP port first would be told every prompt.
    """
    socket = paths.socket_path(paths.database_path(settings))
    try:
        paths.check_private_folder(os.path.dirname(socket))
        status, _ = post_json(
            socket,
            "/api/claude-hooks",
            # The server refuses half a character, as JavaScript may cut one; the rest is kept.
            quick_json.write(payload).encode("utf-8", "replace"),
            connect_s=settings.real("claude_hook_http_connect_timeout_s") or _CONNECT_S,
            total_s=total_s,
        )
    except (FileNotFoundError, ConnectionRefusedError):
        return "absent"
    except (OSError, StoreError):
        return "failed"
    # 400: the payload is unusable, and would be so on any other way.
    return "stored" if status in {200, 400} else "failed"


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06d}Z"
