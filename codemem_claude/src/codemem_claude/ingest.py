"""`codemem claude-hook-ingest`: hand one hook payload over and be gone.

Claude Code runs this at every tool call and waits for it: stdlib `json`, `os`, `sys` and `time`
only, until the server cannot be reached.
"""

from __future__ import annotations

import json
import sys
import time

from codemem_core import paths
from codemem_core.client import post_json
from codemem_core.redact import strip_private
from codemem_core.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 64 * 1024 * 1024
"""Larger payloads are no hook's."""
_SENT = 900_000
"""Bytes the server takes in one request are 1 MiB; what is larger is clipped to fit."""
_CLIP = 16_000
"""Characters kept of each text of a payload that has to be clipped."""


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, store it somewhere safe, print nothing, return 0."""
    del arguments
    settings = Settings.load()
    payload = read_payload(sys.stdin.buffer.read(_LIMIT + 1))
    if payload is None or settings.flag("plugin_ignore"):
        return 0
    stamp(payload, settings)
    if not _to_server(payload, settings):
        from codemem_claude.fallback import keep  # noqa: PLC0415 - costs 100 ms, rarely needed

        keep(payload, settings)
    return 0


def read_payload(raw: bytes) -> dict[str, Any] | None:
    """Return the hook payload without its private parts, or None when it is none."""
    if len(raw) > _LIMIT:
        return None
    try:
        payload = json.loads(raw)
        if len(raw) > _SENT:
            payload = _clipped(payload)
        payload = strip_private(payload)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def stamp(payload: dict[str, Any], settings: Settings) -> None:
    """Add what only this process knows: when the hook fired, and the project it was told.

    With the time in it the payload has the same event id on every later way into the store.
    """
    given = payload.get("ts") or payload.get("timestamp")
    payload["ts"] = given if isinstance(given, str) and given.strip() else _now()
    if project := settings.text("project"):
        payload["codemem"] = {"project": project}


def _to_server(payload: dict[str, Any], settings: Settings) -> bool:
    """Post to the server; True when it has the event on disk or will never want it."""
    socket = paths.socket_path(paths.database_path(settings))
    try:
        status, _ = post_json(
            socket,
            "/api/claude-hooks",
            # The server refuses half a character, as JavaScript may cut one; the rest is kept.
            json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace"),
            connect_s=settings.real("claude_hook_http_connect_timeout_s"),
            total_s=settings.real("claude_hook_http_max_time_s"),
        )
    except OSError:
        return False
    # 400: the payload is unusable, and would be so on any other way.
    return status in {200, 400}


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
