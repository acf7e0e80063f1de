"""What the memory has to say to a prompt or a new session, for the hook that the host waits for.

On the hook path: stdlib `os`, `re` and `time` beside apsw, until the database cannot be
read.
"""

from __future__ import annotations

import os
import time

import apsw

from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, NotFound
from codemem_core.hookpath import json as quick_json
from codemem_core.hookpath.injected import forget_injected, injected, is_held_out, note_injected
from codemem_core.hooks.hook_host import HookHost, Occasion
from codemem_core.project import project_label
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.query import injection_query
from codemem_core.retrieval.pack.render import (
    entries_in,
    ids_in,
    is_fenced,
    shorten,
    tokens,
)
from codemem_core.store import projects
from codemem_core.store.engine.connection import connect, rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILES = 8
_TOTAL_S = 2.0
"""When the user's own limit is no limit: 0."""
_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""
# What a hook must survive: it may not fail a prompt, and says nothing rather than something wrong.
_FAILURES = (
    CodememError, apsw.Error, OSError, ValueError, TypeError, LookupError, RecursionError,
    MemoryError,
)  # fmt: skip

_SESSION = "SELECT first_prompt, recent_files FROM streams WHERE source = ? AND stream_id = ?"
_HAS_VECTORS = "SELECT 1 FROM vectors LIMIT 1"


def total_s(settings: Settings) -> float:
    """Return how many seconds the host may wait for context."""
    return settings.real("inject_http_max_time_s") or _TOTAL_S


def context(
    host: HookHost, occasion: Occasion, settings: Settings, noted: dict[str, Any], *, started: float
) -> str:
    """Return what fits an occasion, fenced; empty when nothing does, or when anything fails.

    `noted` is filled with what `hookpath.notes.note` should record of it. The host has been waiting
    since `started` (monotonic time).
    """
    if not settings.flag("inject_context"):
        return ""
    try:
        return _context(host, occasion, settings, noted, until=started + total_s(settings))
    except _FAILURES:
        return ""


def _context(
    host: HookHost, occasion: Occasion, settings: Settings, noted: dict[str, Any], *, until: float
) -> str:
    project = project_label(
        cwd=occasion.cwd, payload_project=occasion.project, environ=settings.environ
    )
    # Without a project it would tell one project's notes to another.
    if not project:
        return ""
    database = paths.database_path(settings)
    noted |= {"db": database, "source": host.source, "hook": occasion.hook}
    # A subagent's context is its own: the session has not been told what it is told.
    filled = "-".join(filter(None, (occasion.session_id, occasion.subagent)))
    if is_held_out(occasion.session_id, settings.number("holdout_percent")):
        noted |= {"stream_id": occasion.session_id, "ids": [], "tokens": 0, "held_out": True}
        return ""
    if occasion.begins and not occasion.goes_on:
        # A new, cleared or compacted context holds nothing of what it was given.
        forget_injected(database, filled)
    text = (_brief if occasion.begins else _pack)(host, occasion, project, settings, until)
    if text:
        note_injected(database, filled, entries_in(text))
        noted |= {"stream_id": occasion.session_id, "project": project}
        noted |= {"ids": ids_in(text), "tokens": tokens(text)}
    return text


def _brief(
    host: HookHost, occasion: Occasion, project: str, settings: Settings, until: float
) -> str:
    """Return what a new session should know of the last one."""
    from codemem_core.hooks.brief import brief  # noqa: PLC0415 - once a session

    if not occasion.is_new or not settings.flag("inject_brief"):
        return ""
    db = _database(paths.database_path(settings), until)
    try:
        found = projects.answer(db, project, occasion.cwd)
        joined = found.place.remote if projects.joins(db, found) else ""
        text = brief(
            db, found.project or project, joined=joined, for_subagent=bool(occasion.subagent)
        )
        return shorten(text, _max_chars(host, settings))
    finally:
        db.close()


def _prompt(occasion: Occasion) -> str:
    """Return what a person typed, without its private parts."""
    prompt = occasion.prompt
    if "private" in prompt.lower():
        from codemem_core.redact.private import strip_private  # noqa: PLC0415 - 1 ms, rarely needed

        prompt = str(strip_private(prompt))
    return prompt.strip()


def _pack(
    host: HookHost, occasion: Occasion, project: str, settings: Settings, until: float
) -> str:
    """Return the pack that fits the prompt.

    The host waits: who locks the database, or does not answer, has half of the time until `until`.
    """
    prompt = _prompt(occasion)
    if not prompt:
        return ""
    try:
        text = _from_database(host, occasion, prompt, project, settings, until)
    except NotFound:
        return ""
    except (CodememError, apsw.Error):
        if not settings.flag("inject_http_fallback"):
            return ""
        asked = {"context": injection_query("", prompt, ())[0], "project": project}
        text = _from_server(asked, settings, until)
    return shorten(text, _max_chars(host, settings))


def _database(path: str, until: float) -> apsw.Connection:
    """Open the database; it waits for half of the time that is left, and works for all of it."""
    db = connect(path, readonly=True, busy_s=_half(until))
    db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    return db


def _half(until: float) -> float:
    """Return half of the seconds left."""
    return max(0.0, until - time.monotonic()) / 2


def _from_database(  # noqa: PLR0913, PLR0917 - what a prompt is known by, and the time it has
    host: HookHost,
    occasion: Occasion,
    prompt: str,
    project: str,
    settings: Settings,
    until: float,
) -> str:
    path = paths.database_path(settings)
    db = _database(path, until)
    try:
        project = projects.settled(db, project, occasion.cwd) or project
        session = rows(db, _SESSION, (host.source, occasion.session_id))
        first, recent = session[0] if session else ("", "[]")
        files = quick_json.read(recent)
        known = injected(path, occasion.session_id)
        asked, around = injection_query(first or "", prompt, files)
        if rows(db, _HAS_VECTORS) and not settings.flag("embedding_disabled"):
            # Only the server has the model. Without it words must do.
            try:
                question: dict[str, Any] = {"context": asked, "around": around, "project": project}
                question |= {"working_set": files[-_FILES:], "known": list(known)}
                return _from_server(question, settings, time.monotonic() + _half(until))
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
            known=known,
            learned=settings.flag("learning"),
        )
    finally:
        db.close()
    return pack.text


def _from_server(question: dict[str, Any], settings: Settings, until: float) -> str:
    """Ask the server: it may have an embedder, and its connection may work when ours does not."""
    asked = {
        **question,
        "limit": settings.number("inject_limit"),
        "token_budget": settings.number("inject_token_budget"),
        "injected": True,
    }
    sent = quick_json.write(asked, escaped=True).encode("ascii")
    reply = quick_json.read(_post(sent, settings, until).decode())
    text = reply["pack_text"]
    # A server that does not know `injected` answers with what nobody may inject unasked.
    return text if isinstance(text, str) and is_fenced(text) else ""


def _post(body: bytes, settings: Settings, until: float) -> bytes:
    """Return the server's answer from its Unix socket; raises `OSError`.

    Not over TCP: whoever took the port before our server did would be told the prompt.
    """
    from codemem_core.hookpath.client import post_json  # noqa: PLC0415 - `socket` costs 4 ms, rarely needed

    socket = paths.socket_path(paths.database_path(settings))
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


def _max_chars(host: HookHost, settings: Settings) -> int:
    chosen = settings.number("inject_max_chars")
    return min(chosen, host.context_chars) if chosen > 0 else host.context_chars
