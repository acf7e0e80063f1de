"""Proposals: what waits for a person's decision.

A memory that may not be injected before somebody confirms it, a memory an agent would like to have
forgotten, a memory that would be written. One that nobody decides for a month lapses: it leaves
the list, and nothing happens.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import apsw

from codemem_core.errors import NotFound
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows

CONFIRM, FORGET, REMEMBER = "confirm", "forget", "remember"
LAPSES_MS = 30 * 86_400_000
"""Age at which an undecided proposal leaves the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Something a person is asked to decide."""

    id: int
    action: str
    """`confirm` (let a stored memory be injected), `forget` (one) or `remember` (a new one)."""
    memory_id: int | None
    """The memory to confirm or to forget."""
    kind: str
    title: str
    body: str
    """What the memory says, or would say."""
    reason: str
    """Why a person must decide, one clause."""
    project: str | None
    created_ms: int
    session_id: int | None
    """The session it came up in, for a memory that would be written."""


_ADD = """
    INSERT INTO proposals
        (key, action, memory_id, memory, session_id, project, reason, created_ms)
    VALUES (:key, :action, :memory_id, :memory, :session_id, :project, :reason, :now)
    ON CONFLICT (key) DO NOTHING
"""


def to_confirm(db: apsw.Connection, memory_id: int, *, reason: str, now_ms: int) -> None:
    """Propose to confirm a memory that is held back; at most once a memory."""
    _propose_about(db, CONFIRM, memory_id, reason=reason, now_ms=now_ms)


def to_forget(db: apsw.Connection, memory_id: int, *, reason: str, now_ms: int) -> None:
    """Propose to forget a memory; at most once a memory."""
    _propose_about(db, FORGET, memory_id, reason=reason, now_ms=now_ms)


def to_remember(
    db: apsw.Connection, new: NewMemory, *, session_id: int, reason: str, now_ms: int
) -> None:
    """Propose to write a memory; at most once a key."""
    project = rows(db, "SELECT project FROM sessions WHERE id = ?", (session_id,))
    fields: dict[str, Any] = {"key": f"{REMEMBER}:{new.key}", "action": REMEMBER}
    fields |= {"memory": json.dumps(asdict(new), ensure_ascii=False), "memory_id": None}
    fields |= {"project": project[0][0] if project else None, "session_id": session_id}
    db.execute(_ADD, fields | {"reason": reason, "now": now_ms})


def _propose_about(
    db: apsw.Connection, action: str, memory_id: int, *, reason: str, now_ms: int
) -> None:
    fields: dict[str, Any] = {"key": f"{action}:{memory_id}", "action": action}
    fields |= {"memory_id": memory_id, "project": memories.existing(db, memory_id).project}
    fields |= {"memory": None, "session_id": None, "reason": reason, "now": now_ms}
    db.execute(_ADD, fields)


# A memory that was forgotten, or confirmed on its own page, needs no decision any more.
_OPEN = """
    SELECT p.id, p.action, p.memory_id, p.memory, p.reason, p.project, p.created_ms, p.session_id,
           m.kind, m.title, m.body
      FROM proposals p LEFT JOIN memories m ON m.id = p.memory_id
     WHERE {wanted} AND (m.id IS NULL OR m.active AND NOT (p.action = 'confirm' AND m.confirmed))
     ORDER BY p.created_ms DESC, p.id DESC
     LIMIT :limit
"""
_WAITING = """
    p.state = 'open' AND p.created_ms >= :since AND (:project IS NULL OR p.project = :project)
"""


def waiting(
    db: apsw.Connection, *, now_ms: int, project: str | None = None, limit: int = 500
) -> list[Proposal]:
    """Return what is to be decided, newest first."""
    wanted = {"since": now_ms - LAPSES_MS, "project": project, "limit": limit}
    return [_proposal(row) for row in rows(db, _OPEN.format(wanted=_WAITING), wanted)]


def count(db: apsw.Connection, *, now_ms: int, project: str | None = None) -> int:
    """Return how many proposals wait."""
    query = f"SELECT count(*) FROM ({_OPEN.format(wanted=_WAITING)})"  # noqa: S608 - our own SQL
    wanted = {"since": now_ms - LAPSES_MS, "project": project, "limit": -1}
    return int(rows(db, query, wanted)[0][0])


def get(db: apsw.Connection, proposal_id: int) -> Proposal:
    """Return an undecided proposal, a lapsed one too; raises `NotFound`."""
    query = _OPEN.format(wanted="p.state = 'open' AND p.id = :id")
    found = rows(db, query, {"id": proposal_id, "limit": 1})
    if not found:
        raise NotFound(
            f"no such proposal: `{proposal_id}`", hint="`codemem review` lists what waits"
        )
    return _proposal(found[0])


def new_memory(db: apsw.Connection, proposal_id: int) -> NewMemory:
    """Return the memory that a `remember` proposal would write."""
    stored = rows(db, "SELECT memory FROM proposals WHERE id = ?", (proposal_id,))[0][0]
    fields: dict[str, Any] = json.loads(stored)
    known = {name: fields[name] for name in NewMemory.__dataclass_fields__ if name in fields}
    lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return NewMemory(**{**known, **lists})


def decide(db: apsw.Connection, proposal_id: int, *, accepted: bool, now_ms: int) -> None:
    """Close a proposal; what it asks for is the caller's to do."""
    state = "accepted" if accepted else "rejected"
    db.execute(
        "UPDATE proposals SET state = ?, decided_ms = ? WHERE id = ?", (state, now_ms, proposal_id)
    )


def _proposal(row: tuple[Any, ...]) -> Proposal:
    number, action, memory_id, memory, reason, project, created_ms, session_id, *about = row
    kind, title, body = about
    if memory is not None:
        told = json.loads(memory)
        kind, title, body = told["kind"], told["title"], told["body"]
    return Proposal(
        id=number,
        action=action,
        memory_id=memory_id,
        kind=kind,
        title=title,
        body=body,
        reason=reason,
        project=project,
        created_ms=created_ms,
        session_id=session_id,
    )
