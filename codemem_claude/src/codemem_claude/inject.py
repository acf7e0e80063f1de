"""`codemem claude-hook-inject`: what the memory has to say, before Claude reads the prompt.

Claude Code waits for this command at every prompt and when a session begins: stdlib `json`, `os`,
`re`, `sys` and `time` beside apsw, until the database cannot be read.
"""

from __future__ import annotations

import json
import os
import sys

import apsw

from codemem_claude.version import OTHER_VERSION, is_version
from codemem_core import paths
from codemem_core.errors import CodememError, NotFound
from codemem_core.pack.build import build_pack
from codemem_core.pack.query import injection_query
from codemem_core.pack.render import is_fenced, shorten
from codemem_core.project import project_label
from codemem_core.settings import Settings
from codemem_core.store import projects
from codemem_core.store.connection import connect, rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_BYTES = 2 * 1024 * 1024
"""A longer payload is no prompt a person typed."""
_HOST_CHARS = 9_900
"""Claude Code moves context above 10,000 into a file and shows the model its first 2 KB."""
_FILES = 8
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
    if not is_version(arguments):
        return OTHER_VERSION
    try:
        answer = _answer(sys.stdin.buffer.read(_MAX_BYTES + 1))
    except _FAILURES:
        answer = _NOTHING
    try:
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()
    except OSError:
        # Nobody reads any more; without this the interpreter complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _answer(raw: bytes) -> str:
    payload = json.loads(raw) if len(raw) <= _MAX_BYTES else None
    settings = Settings.load()
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
    context = (_brief if begins else _context)(payload, project, settings)
    if not context:
        return _NOTHING
    hook = "SessionStart" if begins else "UserPromptSubmit"
    output = {"hookEventName": hook, "additionalContext": context}
    return json.dumps({"continue": True, "hookSpecificOutput": output})


def _brief(payload: dict[str, Any], project: str, settings: Settings) -> str:
    """Return what a new session should know of the last one."""
    from codemem_claude.brief import NEW_SESSIONS, brief  # noqa: PLC0415 - once a session

    if payload.get("source") not in NEW_SESSIONS or not settings.flag("inject_brief"):
        return ""
    db = connect(paths.database_path(settings), readonly=True)
    try:
        project = projects.settled(db, project, _text(payload, "cwd")) or project
        return shorten(brief(db, project), _max_chars(settings))
    finally:
        db.close()


def _prompt(payload: dict[str, Any]) -> str:
    """Return what a person typed; nothing for what the client sends itself as a prompt."""
    prompt = _text(payload, "prompt") or ""
    if "<private" in prompt.lower():
        from codemem_core.redact import strip_private  # noqa: PLC0415 - 1 ms, rarely needed

        prompt = str(strip_private(prompt))
    prompt = prompt.strip()
    return "" if prompt.startswith("<task-notification>") else prompt


def _context(payload: dict[str, Any], project: str, settings: Settings) -> str:
    """Return the pack that fits the prompt."""
    prompt = _prompt(payload)
    if not prompt:
        return ""
    path = paths.database_path(settings)
    try:
        return _from_database(path, payload, prompt, project, settings)
    except NotFound:
        return ""
    except (CodememError, apsw.Error):
        if not settings.flag("inject_http_fallback"):
            return ""
    asked = {"context": injection_query("", prompt, ())[0], "project": project}
    return _from_server(path, asked, settings)


def _from_database(
    path: str, payload: dict[str, Any], prompt: str, project: str, settings: Settings
) -> str:
    db = connect(path, readonly=True)
    try:
        project = projects.settled(db, project, _text(payload, "cwd")) or project
        session = rows(db, _SESSION, (_text(payload, "session_id") or "",))
        first, recent = session[0] if session else ("", "[]")
        files = json.loads(recent)
        asked, around = injection_query(first or "", prompt, files)
        if rows(db, _HAS_VECTORS) and not settings.flag("embedding_disabled"):
            # Only the server has the model. Without it words must do.
            try:
                question = {"context": asked, "around": around, "project": project}
                return _from_server(path, {**question, "working_set": files[-_FILES:]}, settings)
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
        )
    finally:
        db.close()
    return shorten(pack.text, _max_chars(settings))


def _from_server(path: str, question: dict[str, Any], settings: Settings) -> str:
    """Ask the server: it may have an embedder, and its connection may work when ours does not."""
    asked = {
        **question,
        "limit": settings.number("inject_limit"),
        "token_budget": settings.number("inject_token_budget"),
        "injected": True,
    }
    reply = json.loads(_post(path, json.dumps(asked).encode("ascii"), settings))
    text = reply["pack_text"]
    # A server that does not know `injected` answers with what nobody may inject unasked.
    if not isinstance(text, str) or not is_fenced(text):
        return ""
    return shorten(text, _max_chars(settings))


def _post(path: str, body: bytes, settings: Settings) -> bytes:
    """Return the server's answer from its Unix socket; raises `OSError`.

    Not over TCP: whoever took the port before our server did would be told the prompt.
    """
    from codemem_core.client import post_json  # noqa: PLC0415 - `socket` costs 4 ms, rarely needed

    socket = paths.socket_path(path)
    paths.check_private_folder(os.path.dirname(socket))
    status, reply = post_json(
        socket,
        "/api/pack",
        body,
        connect_s=settings.real("inject_http_connect_timeout_s"),
        total_s=settings.real("inject_http_max_time_s"),
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
