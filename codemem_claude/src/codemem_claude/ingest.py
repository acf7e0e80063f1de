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
from codemem_core.hookpath.notes import beginning, note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 64 * 1024 * 1024
"""Larger payloads are no hook's."""
_SENT = 900_000
"""Bytes the server takes in one request are 1 MiB; what is larger is clipped to fit."""
_TOTAL_S = 2.0
_CONNECT_S = 1.0
"""Of a server, when the user's own limits are no limits: 0."""
_LAST_S = 1.2
"""Claude Code ends a SessionEnd hook after 1.5 s, whatever the plugin asks for."""
_RESERVE_S = 0.6
"""What the server must leave of the hook's time: enough to load the store and write."""
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
    payload = read_payload(sys.stdin.buffer.read(_LIMIT + 1))
    if payload is None or settings.flag("plugin_ignore"):
        return 0
    stamp(payload, settings)
    total_s = _total_s(payload, settings)
    answer = _to_server(payload, settings, total_s - min(_RESERVE_S, total_s / 2))
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
    return 0


def _total_s(payload: dict[str, Any], settings: Settings) -> float:
    """Return how long the hook may take in all."""
    total_s = settings.real("claude_hook_http_max_time_s") or _TOTAL_S
    return min(total_s, _LAST_S) if payload.get("hook_event_name") == "SessionEnd" else total_s


def read_payload(raw: bytes) -> dict[str, Any] | None:
    """Return the hook payload without its private parts, or None when it is none."""
    if len(raw) > _LIMIT:
        return None
    try:
        payload = quick_json.read(raw.decode("utf-8", "surrogatepass"))
        if len(raw) > _SENT:
            payload = _clipped(payload)
        if b"private" in raw.lower():
            from codemem_core.redact import strip_private  # noqa: PLC0415 - see above

            payload = strip_private(payload)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


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


def _clipped(value: Any) -> Any:  # noqa: ANN401
    """Return the JSON value with every long text cut and old file contents left out."""
    if isinstance(value, str) and len(value) > _CLIP:
        return f"{value[:_CLIP]}\n[… {len(value) - _CLIP} characters left out …]"
    if isinstance(value, list):
        return [_clipped(item) for item in value[:2000]]
    if isinstance(value, dict):
        return {key: _clipped(item) for key, item in value.items() if key != "originalFile"}
    return value
