"""Which memory of this machine a memory of the team is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import apsw

from codemem_core.store.engine.connection import rows
from codemem_team.local import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A memory of the team, and which one of this machine it is."""

    subject: str
    memory_id: int | None
    author: str
    forgotten: bool


def subject(db: apsw.Connection, team: str, wanted: str) -> Subject | None:
    """Return what is known of a subject, or None."""
    query = (
        "SELECT subject, memory_id, author, forgotten FROM team_subjects"
        " WHERE team = ? AND subject = ?"
    )
    found = rows(db, query, (team, wanted))
    return _subject(found[0]) if found else None


def subjects_of(db: apsw.Connection, team: str, memory_id: int) -> list[Subject]:
    """Return the subjects that a memory of this machine stands for."""
    query = (
        "SELECT subject, memory_id, author, forgotten FROM team_subjects"
        " WHERE team = ? AND memory_id = ? ORDER BY subject"
    )
    return [_subject(row) for row in rows(db, query, (team, memory_id))]


def save_subject(db: apsw.Connection, team: str, one: Subject) -> None:
    """Write what is known of a subject."""
    db.execute(
        "INSERT OR REPLACE INTO team_subjects (team, subject, memory_id, author, forgotten)"
        " VALUES (?, ?, ?, ?, ?)",
        (team, one.subject, one.memory_id, one.author, one.forgotten),
    )


def _subject(row: tuple[Any, ...]) -> Subject:
    name, memory_id, author, forgotten = row
    return Subject(subject=name, memory_id=memory_id, author=author, forgotten=bool(forgotten))


_OF_OTHERS = """
    SELECT DISTINCT s.memory_id FROM team_subjects s JOIN memories m ON m.id = s.memory_id
     WHERE s.team = ? AND m.origin = 'teammate' AND m.active = 1
"""


def memories_of_others(db: apsw.Connection, one: Membership) -> list[int]:
    """Return the memories of this machine that teammates wrote."""
    return [memory_id for (memory_id,) in rows(db, _OF_OTHERS, (one.team,))]
