"""Messages: prompts and closing replies word for word, added once, searched, forgotten.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

import apsw

from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_ADD = """
    INSERT INTO messages (stream, seq, role, origin, at_ms, text, words)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
COLUMNS = "m.id, m.stream, m.seq, m.role, m.origin, m.at_ms, m.text, s.source, s.stream_id"
"""What a `Message` is read from, of messages `m` in streams `s`."""
WANTED = """
    m.active = 1 AND (:project IS NULL OR s.project = :project)
    AND (NOT :trusted OR m.origin NOT IN ('external', 'import'))
"""
"""Filters of messages `m` in streams `s`: `project`, `trusted`."""
_BEFORE = f"""
    SELECT {COLUMNS} FROM messages m JOIN streams s ON s.id = m.stream
     WHERE m.stream = :stream AND (m.at_ms, m.seq) < (:at_ms, :seq) AND {WANTED}
     ORDER BY m.at_ms DESC, m.seq DESC LIMIT :limit
"""  # noqa: S608 - constants of ours
_AFTER = f"""
    SELECT {COLUMNS} FROM messages m JOIN streams s ON s.id = m.stream
     WHERE m.stream = :stream AND (m.at_ms, m.seq) >= (:at_ms, :seq) AND {WANTED}
     ORDER BY m.at_ms, m.seq LIMIT :limit
"""  # noqa: S608 - constants of ours
_WITH_WORDS = f"""
    SELECT m.id, m.text FROM messages_fts f JOIN messages m ON m.id = f.rowid
      JOIN streams s ON s.id = m.stream
     WHERE messages_fts MATCH :query AND {WANTED}
     ORDER BY f.rank LIMIT :limit
"""  # noqa: S608 - constants of ours
_MOST_ALIKE = 100


class StoredMessage:
    """A prompt or a closing reply, and how well a search says it fits."""

    __slots__ = (
        "at_ms", "id", "origin", "role", "score", "seq", "source", "stream", "stream_id",
        "terms", "text",
    )  # fmt: skip

    def __init__(self, row: Sequence[Any]) -> None:
        self.id: int = row[0]
        self.stream: int = row[1]
        self.seq: int = row[2]
        self.role: str = row[3]
        """`prompt` or `reply`."""
        self.origin: str = row[4]
        self.at_ms: int = row[5]
        self.text: str = row[6]
        self.source: str = row[7]
        self.stream_id: str = row[8]
        self.score = 0.0
        """BM25; more is better."""
        self.terms = 0
        """Bit n is set when the search's term n stands in it."""


def add(db: apsw.Connection, stream: int, messages: Iterable[tuple[Any, ...]]) -> None:
    """Add messages of a stream: (seq, role, origin, at_ms, text, words); each once."""
    db.executemany(_ADD, ((stream, *message) for message in messages))


def around(  # noqa: PLR0913 - each a bound or a filter
    db: apsw.Connection,
    message: StoredMessage,
    *,
    before: int,
    after: int,
    project: str | None,
    trusted: bool,
) -> list[StoredMessage]:
    """Return a message with those before and after it in its session, oldest first."""
    place = {"stream": message.stream, "at_ms": message.at_ms, "seq": message.seq}
    wanted = place | {"project": project, "trusted": trusted}
    older = rows(db, _BEFORE, wanted | {"limit": before})
    newer = rows(db, _AFTER, wanted | {"limit": after + 1})
    return [StoredMessage(row) for row in (*reversed(older), *newer)]


def with_words(db: apsw.Connection, text: str, *, project: str | None) -> list[tuple[int, str]]:
    """Return id and text of the messages of a project that share most words with a text."""
    words = ["".join(filter(str.isalnum, word)) for word in text.split()]
    query = " OR ".join(f'"{word}"' for word in words if word)
    wanted = {"query": query, "project": project, "trusted": False, "limit": _MOST_ALIKE}
    return rows(db, _WITH_WORDS, wanted) if query else []


def project_of(db: apsw.Connection, stream: int) -> str | None:
    """Return the project of a stream."""
    [(project,)] = rows(db, "SELECT project FROM streams WHERE id = ?", (stream,))
    return str(project) if project is not None else None


def forget(db: apsw.Connection, message_id: int) -> bool:
    """Quote a message no more; say whether there was one."""
    db.execute("UPDATE messages SET active = 0 WHERE id = ? AND active = 1", (message_id,))
    return bool(db.changes())


def read_until(db: apsw.Connection, stream: int, seq: int) -> None:
    """Note that the messages of a stream are in the table up to event `seq`."""
    db.execute(
        "UPDATE streams SET messages_seq = max(messages_seq, :seq) WHERE id = :stream",
        {"stream": stream, "seq": seq},
    )


def unread(db: apsw.Connection) -> tuple[int, str, str, int, int] | None:
    """Return a stream whose flushed events were not looked through: id, source, stream id, range.

    The range is the numbers of the first and the last of them.
    """
    found = rows(
        db,
        "SELECT id, source, stream_id, messages_seq + 1, last_flushed_seq FROM streams"
        " WHERE messages_seq < last_flushed_seq LIMIT 1",
    )
    return found[0] if found else None
