"""Reads the sessions that OpenCode stored, as the events its plugin would have posted.

OpenCode keeps them in an SQLite database: a row a session, a message, a part of a message.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from codemem_core.api import MAY_GO_ON, STILL_OPEN_MS, NotFound, StoreError
from codemem_opencode.tool_text import child, word

_BUSY_MS = 5_000
"""OpenCode itself may be writing."""
_MAX_CHARS = 32 * 1024 * 1024
"""A longer part is skipped; OpenCode cuts what tools give at 50 kB."""

Payload = dict[str, Any]

_SESSIONS = """
    SELECT id, parent_id, directory, time_created FROM session
     WHERE time_updated >= :since AND time_updated < :until
     ORDER BY time_updated, id
"""
_GOING_ON = "SELECT count(*) FROM session WHERE time_updated >= ?"
_MESSAGES = "SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id"
_PARTS = f"""
    SELECT data FROM part WHERE message_id = ? AND length(data) < {_MAX_CHARS}
     ORDER BY time_created, id
"""  # noqa: S608 - a number of ours


def stored_payloads(
    path: Path, *, since_ms: int = 0, skipped: Counter[str] | None = None
) -> Iterator[Payload]:
    """Yield everything in OpenCode's database, session by session, with `session_id` and `cwd`.

    Sessions come in the order of their last change; those without one since `since_ms` (epoch
    milliseconds) are left out, and so is one that may be going on, which `skipped` counts. Raises
    `NotFound` when there is no database, `StoreError` when it cannot be read.
    """
    until = time.time_ns() // 1_000_000 - STILL_OPEN_MS
    with _opened(path) as db:
        chosen = db.execute(_SESSIONS, {"since": since_ms, "until": until}).fetchall()
        [(going_on,)] = db.execute(_GOING_ON, (until,)).fetchall()
        if skipped is not None and going_on:
            skipped[MAY_GO_ON] += int(going_on)
        for row in chosen:
            session_id, parent_id, directory = (str(text or "") for text in row[:3])
            common = {"session_id": session_id, "cwd": directory}
            info = {"parentID": parent_id, "directory": directory, "time": {"created": row[3]}}
            yield {**common, "type": "session.created", "properties": {"info": info}}
            for payload in _session(db, session_id, parent_id):
                yield {**common, **payload}


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    if not path.is_file():
        raise NotFound(f"OpenCode has stored no sessions: `{path}`")
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            db.set_busy_timeout(_BUSY_MS)
            yield db
        finally:
            db.close(True)
    except apsw.Error as error:
        raise StoreError(f"cannot read OpenCode's sessions: `{path}`: {error}") from error


def _session(db: apsw.Connection, session_id: str, parent_id: str) -> Iterator[Payload]:
    prompts = 0
    for message_id, data in db.execute(_MESSAGES, (session_id,)).fetchall():
        message = {**_object(data), "id": message_id}
        parts = [_object(part) for (part,) in db.execute(_PARTS, (message_id,))]
        if message.get("role") == "user":
            payload = _prompt(message, parts, parent_id=parent_id, number=prompts + 1)
            if payload is not None:
                prompts += 1
                yield payload
        elif message.get("role") == "assistant":
            yield from _answer(message, parts)


def _prompt(
    message: Payload, parts: list[Payload], *, parent_id: str, number: int
) -> Payload | None:
    """Return what the user typed; OpenCode marks the parts it adds itself."""
    typed = [
        word(part.get("text"))
        for part in parts
        if part.get("type") == "text" and not (part.get("synthetic") or part.get("ignored"))
    ]
    if not any(typed):
        return None
    return {
        "type": "user_prompt",
        "prompt_text": "\n".join(typed),
        "prompt_number": number,
        "parent_id": parent_id,
        "message_id": message["id"],
        "timestamp": child(message, "time").get("created"),
    }


def _answer(message: Payload, parts: list[Payload]) -> Iterator[Payload]:
    for stored in parts:
        part = {**stored, "messageID": message["id"]}
        state = child(part, "state")
        if part.get("type") == "tool" and state.get("status") == "completed":
            yield _tool(part, state)
        else:
            told = {"part": part, "info": message, "time": child(part, "time").get("end")}
            yield {"type": "message.part.updated", "properties": told}
    yield {"type": "message.updated", "properties": {"info": message}}


def _tool(part: Payload, state: Mapping[str, Any]) -> Payload:
    return {
        "type": "tool.execute.after",
        "tool": part.get("tool"),
        "args": state.get("input"),
        "result": state.get("output"),
        "metadata": state.get("metadata"),
        "call_id": part.get("callID"),
        "timestamp": child(state, "time").get("end"),
    }


def _object(text: object) -> Payload:
    """Return a JSON object; an empty one for what is none."""
    try:
        value = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
