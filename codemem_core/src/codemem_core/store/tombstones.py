"""Tombstones: what a person had forgotten, so that it does not come back by another road.

Of a forgotten memory keyed hashes of its telling words stay, with a key that is made for this
database. They tell whether another text makes the same statement, in the same words or others, and
nothing else. One whose memory was restored counts no more.

What another machine had forgotten leaves a tombstone too, with hashes under a key that the machines
share: `share_key` makes it known here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

import apsw

from codemem_core.store.engine.connection import rows

_HASH_BYTES = 12
_KEY = "tombstones"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A forgotten memory that has words in common with a text."""

    id: int
    kind: str
    words: int
    """How many telling words it had."""
    shared: int
    """How many of them the text has."""
    at_ms: int
    """When it was forgotten, epoch milliseconds."""


def exist(db: apsw.Connection) -> bool:
    """Say whether anything was ever forgotten."""
    return bool(rows(db, "SELECT EXISTS (SELECT 1 FROM tombstones)")[0][0])


_BURY = """
    INSERT INTO tombstones (memory_id, project, kind, words, at_ms)
    SELECT id, project, kind, :words, :now FROM memories WHERE id = :memory
    ON CONFLICT (memory_id) DO UPDATE SET words = excluded.words, at_ms = excluded.at_ms
    RETURNING id
"""


def bury(db: apsw.Connection, memory_id: int, words: Collection[str], *, now_ms: int) -> None:
    """Leave a tombstone for a memory that is being forgotten."""
    fields = {"memory": memory_id, "words": len(words), "now": now_ms}
    tombstone = db.execute(_BURY, fields).get
    db.execute("DELETE FROM tombstone_words WHERE tombstone = ?", (tombstone,))
    db.executemany(
        "INSERT INTO tombstone_words (word, tombstone) VALUES (?, ?)",
        [(hashed, tombstone) for hashed in hashes(words, _key(db))],
    )


# Memories of this database have positive ids.
_BURY_FOREIGN = """
    INSERT INTO tombstones (memory_id, project, kind, words, at_ms)
    SELECT min(0, coalesce(min(memory_id), 0)) - 1, :project, :kind, :words, :now FROM tombstones
    RETURNING id
"""


def bury_foreign(
    db: apsw.Connection,
    claim: Collection[bytes],
    *,
    kind: str,
    project: str | None,
    now_ms: int,
) -> None:
    """Leave a tombstone for a memory that another machine forgot and this one may not have.

    `claim` are the hashes of its telling words under a shared key.
    """
    fields = {"project": project, "kind": kind, "words": len(claim), "now": now_ms}
    tombstone = db.execute(_BURY_FOREIGN, fields).get
    db.executemany(
        "INSERT INTO tombstone_words (word, tombstone) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(hashed, tombstone) for hashed in claim],
    )


def share_key(db: apsw.Connection, name: str, key: bytes) -> None:
    """Keep a key under which other machines hash what they forget."""
    db.execute(
        "INSERT INTO secrets (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (f"{_KEY}:{name}", key),
    )


_LIKE = """
    SELECT t.id, t.kind, t.words, count(*), t.at_ms
      FROM json_each(:words) AS w JOIN tombstone_words h ON h.word = unhex(w.value)
           JOIN tombstones t ON t.id = h.tombstone
     WHERE t.project IS :project
       AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.id = t.memory_id AND m.active = 1)
     GROUP BY t.id
"""


def forget_key(db: apsw.Connection, name: str) -> None:
    """Keep a shared key no longer; what was forgotten under it may come back."""
    db.execute("DELETE FROM secrets WHERE name = ?", (f"{_KEY}:{name}",))


def like(db: apsw.Connection, words: Collection[str], *, project: str | None) -> list[Tombstone]:
    """Return the tombstones of a project that have one of the words."""
    if not words:
        return []
    found = rows(db, "SELECT value FROM secrets WHERE name = ? OR name GLOB ?", (_KEY, f"{_KEY}:*"))
    hashed = json.dumps([one.hex() for (key,) in found for one in hashes(words, key)])
    return [Tombstone(*row) for row in rows(db, _LIKE, {"words": hashed, "project": project})]


def lift(db: apsw.Connection, tombstone_ids: Collection[int]) -> None:
    """Remove tombstones: a person wants it remembered after all."""
    db.executemany("DELETE FROM tombstones WHERE id = ?", [(one,) for one in tombstone_ids])


def count(db: apsw.Connection) -> int:
    """Return how many tombstones there are."""
    return int(rows(db, "SELECT count(*) FROM tombstones")[0][0])


def clear(db: apsw.Connection) -> None:
    """Remove all tombstones and their key."""
    db.execute("DELETE FROM tombstones")
    db.execute("DELETE FROM secrets WHERE name = ?", (_KEY,))


def _key(db: apsw.Connection) -> bytes:
    """Return this database's own key, made when it is needed first."""
    db.execute(
        "INSERT INTO secrets (name, value) VALUES (?, randomblob(32)) ON CONFLICT DO NOTHING",
        (_KEY,),
    )
    return bytes(rows(db, "SELECT value FROM secrets WHERE name = ?", (_KEY,))[0][0])


def hashes(words: Collection[str], key: bytes) -> list[bytes]:
    """Return each word as it is kept: enough to know it again, too little to read it."""
    return [
        hashlib.blake2b(word.encode(), key=key, digest_size=_HASH_BYTES).digest()
        for word in sorted(set(words))
    ]
