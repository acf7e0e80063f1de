"""`codemem claude-hook-inject`: what the memory has to say, before Claude reads the prompt.

Claude Code waits for this command at every prompt and when a session begins: stdlib `os`, `re`,
`sys` and `time` beside apsw, until the database cannot be read.
"""

from __future__ import annotations

import os
import sys
import time

import apsw

from codemem_claude.version import OTHER_VERSION, is_version
from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, NotFound
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.deadline import Deadline
from codemem_core.hookpath.notes import beginning, note
from codemem_core.project import project_label
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.query import injection_query
from codemem_core.retrieval.pack.render import ids_in, is_fenced, shorten, tokens
from codemem_core.store import projects
from codemem_core.store.engine.connection import connect, rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 2 * 1024 * 1024
"""A longer payload is no prompt a person typed."""
_HOST_CHARS = 9_900
"""Claude Code moves context above 10,000 into a file and shows the model its first 2 KB."""
_FILES = 8
_TOTAL_S = 2.0
"""When the user's own limit is no limit: 0."""
_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""
_NOTHING = '{"continue": true}'
# What a hook must survive: it may not fail a prompt, and says nothing rather than something wrong.
_FAILURES = (
    CodememError, apsw.Error, OSError, ValueError, TypeError, LookupError, RecursionError,
    MemoryError,
)  # fmt: skip

_SESSION = """
    SELECT first_prompt, recent_files FROM streams WHERE source = 'claude' AND stream_id = ?
"""
_HAS_VECTORS = "SELECT 1 FROM vectors LIMIT 1"


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, print one line of JSON for Claude Code, return 0.

    `--plugin-version V` first: 75, and nothing read or printed, when this codemem is no V.
    """
    began = beginning()
    started = time.monotonic()
    if not is_version(arguments):
        return OTHER_VERSION
    noted: dict[str, Any] = {}
    settings = Settings.load()
    with Deadline(_total_s(settings)):
        try:
            answer = _answer(sys.stdin.buffer.read(_MAX_BYTES + 1), settings, noted, started)
        except _FAILURES:
            answer = _NOTHING
    try:
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
    except OSError:
        # Nobody reads any more; without this the interpreter complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if noted:
        note(began=began, **noted)
    return 0


def _total_s(settings: Settings) -> float:
    return settings.real("inject_http_max_time_s") or _TOTAL_S


def _answer(raw: bytes, settings: Settings, noted: dict[str, Any], started: float) -> str:
    """Return the line for Claude Code; `noted` is told what the server should know of it."""
    if len(raw) > _MAX_BYTES:
        return _NOTHING
    payload = quick_json.read_first(raw)
    if not isinstance(payload, dict) or settings.flag("plugin_ignore"):
        return _NOTHING
    # A subagent's prompt is written by the model, which has been told already.
    if not settings.flag("inject_context") or payload.get("agent_id"):
        return _NOTHING
    cwd, named = _text(payload, "cwd"), _text(payload, "project")
    project = project_label(cwd=cwd, payload_project=named, environ=settings.environ)
    # Without a project it would tell one project's notes to another.
    if not project:
        return _NOTHING
    begins = payload.get("hook_event_name") == "SessionStart"
    hook = "SessionStart" if begins else "UserPromptSubmit"
    noted |= {"db": paths.database_path(settings), "source": "claude", "hook": hook}
    until = started + _total_s(settings)
    context = (_brief if begins else _context)(payload, project, settings, until)
    if not context:
        return _NOTHING
    noted |= {"stream_id": _text(payload, "session_id") or "", "project": project}
    noted |= {"ids": ids_in(context), "tokens": tokens(context)}
    output = {"hookEventName": hook, "additionalContext": context}
    return quick_json.write({"continue": True, "hookSpecificOutput": output}, escaped=True)


def _brief(payload: dict[str, Any], project: str, settings: Settings, until: float) -> str:
    """Return what a new session should know of the last one."""
    from codemem_claude.brief import NEW_SESSIONS, brief  # noqa: PLC0415 - once a session

    if payload.get("source") not in NEW_SESSIONS or not settings.flag("inject_brief"):
        return ""
    db = _database(paths.database_path(settings), until)
    try:
        project = projects.settled(db, project, _text(payload, "cwd")) or project
        return shorten(brief(db, project), _max_chars(settings))
    finally:
        db.close()


def _prompt(payload: dict[str, Any]) -> str:
    """Return what a person typed; nothing for what the client sends itself as a prompt."""
    prompt = _text(payload, "prompt") or ""
    if "private" in prompt.lower():
        from codemem_core.redact.private import strip_private  # noqa: PLC0415 - 1 ms, rarely needed

        prompt = str(strip_private(prompt))
    prompt = prompt.strip()
    return "" if prompt.startswith("<task-notification>") else prompt


def _context(payload: dict[str, Any], project: str, settings: Settings, until: float) -> str:
    """Return the pack that fits the prompt.

    Claude waits: who locks the database, or does not answer, has half of the time until `until`.
    """
    prompt = _prompt(payload)
    if not prompt:
        return ""
    path = paths.database_path(settings)
    try:
        return _from_database(path, payload, prompt, project, settings, until)
    except NotFound:
        return ""
    except (CodememError, apsw.Error):
        if not settings.flag("inject_http_fallback"):
            return ""
    asked = {"context": injection_query("", prompt, ())[0], "project": project}
    return _from_server(path, asked, settings, until)


def _database(path: str, until: float) -> apsw.Connection:
    """Open the database; it waits for half of the time that is left, and works for all of it."""
    db = connect(path, readonly=True, busy_s=_half(until))
    db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    return db


def _half(until: float) -> float:
    """Return half of the seconds left."""
    return max(0.0, until - time.monotonic()) / 2


def _from_database(  # noqa: PLR0913, PLR0917 - what a prompt is known by, and the time it has
    path: str,
    payload: dict[str, Any],
    prompt: str,
    project: str,
    settings: Settings,
    until: float,
) -> str:
    db = _database(path, until)
    try:
        project = projects.settled(db, project, _text(payload, "cwd")) or project
        session = rows(db, _SESSION, (_text(payload, "session_id") or "",))
        first, recent = session[0] if session else ("", "[]")
        files = quick_json.read(recent)
        asked, around = injection_query(first or "", prompt, files)
        if rows(db, _HAS_VECTORS) and not settings.flag("embedding_disabled"):
            # Only the server has the model. Without it words must do.
            try:
                question: dict[str, Any] = {"context": asked, "around": around, "project": project}
                question["working_set"] = files[-_FILES:]
                return _from_server(path, question, settings, time.monotonic() + _half(until))
            except _FAILURES:
                pass
        pack = build_pack(
            db,
            asked,
            around=around,
            limit=settings.number("inject_limit"),
            token_budget=settings.number("inject_token_budget"),
            project=project,
            working_set=files[-_FILES:],
            injected=True,
            learned=settings.flag("learning"),
        )
    finally:
        db.close()
    return shorten(pack.text, _max_chars(settings))


def _from_server(path: str, question: dict[str, Any], settings: Settings, until: float) -> str:
    """Ask the server: it may have an embedder, and its connection may work when ours does not."""
    asked = {
        **question,
        "limit": settings.number("inject_limit"),
        "token_budget": settings.number("inject_token_budget"),
        "injected": True,
    }
    sent = quick_json.write(asked, escaped=True).encode("ascii")
    reply = quick_json.read(_post(path, sent, settings, until).decode())
    text = reply["pack_text"]
    # A server that does not know `injected` answers with what nobody may inject unasked.
    if not isinstance(text, str) or not is_fenced(text):
        return ""
    return shorten(text, _max_chars(settings))


def _post(path: str, body: bytes, settings: Settings, until: float) -> bytes:
    """Return the server's answer from its Unix socket; raises `OSError`.

    Not over TCP: whoever took the port before our server did would be told the prompt.
    """
    from codemem_core.hookpath.client import post_json  # noqa: PLC0415 - `socket` costs 4 ms, rarely needed

    socket = paths.socket_path(path)
    paths.check_private_folder(os.path.dirname(socket))
    status, reply = post_json(
        socket,
        "/api/pack",
        body,
        connect_s=settings.real("inject_http_connect_timeout_s"),
        total_s=max(0.0, until - time.monotonic()),
    )
    if status != 200:
        raise OSError(f"the server answered {status}")
    return reply


def _max_chars(settings: Settings) -> int:
    chosen = settings.number("inject_max_chars")
    return min(chosen, _HOST_CHARS) if chosen > 0 else _HOST_CHARS


def _text(payload: dict[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) else None
