"""Whether a statement is one that a person had forgotten, whatever words it comes back in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import apsw

from codemem_core.distil import preferences
from codemem_core.distil.claim_words import telling_words
from codemem_core.distil.provenance.sentences import split
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.store import tombstones
from codemem_core.store.tombstones import Tombstone

_SUMMARY = "session_summary"
_LOOKED_AT = 400
"""Characters of a body: the statement stands at its beginning."""
_OF_SHORTER, _OF_LONGER = 0.6, 0.4
"""Telling words in common, as a share of the shorter and the longer text: the same statement."""
_OF_SUMMARIES = 0.7
_LEAST_SHARED = 2


@dataclass(frozen=True)
class Statement:
    """What a memory says, and where."""

    kind: str
    title: str
    body: str
    project: str | None

    @property
    def is_summary(self) -> bool:
        """Whether it says more than one thing."""
        return self.kind == _SUMMARY

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that tell it from others."""
        if self.kind in {preferences.KIND, _SUMMARY}:
            return telling_words(self.body)
        return telling_words(f"{self.title}\n{self.body[:_LOOKED_AT]}")

    def is_that_of(self, one: Tombstone) -> bool:
        """Say whether the forgotten memory made the same statement."""
        if self.is_summary != (one.kind == _SUMMARY):
            return False
        shorter, longer = sorted((len(self.words), one.words))
        if one.shared < min(_LEAST_SHARED, longer):
            return False
        if self.is_summary:
            return one.shared / longer >= _OF_SUMMARIES
        return one.shared / shorter >= _OF_SHORTER and one.shared / longer >= _OF_LONGER


def statement_of(memory: Memory | NewMemory, *, project: str | None) -> Statement:
    """Return what a memory says in a project."""
    return Statement(memory.kind, memory.title, memory.body, project)


def bury(db: apsw.Connection, memory: Memory, *, now_ms: int) -> None:
    """Leave a tombstone for a memory that a person forgets."""
    words = statement_of(memory, project=memory.project).words
    tombstones.bury(db, memory.id, words, now_ms=now_ms)


def tombstones_of(db: apsw.Connection, said: Statement) -> list[Tombstone]:
    """Return the tombstones of the same statement; none when nobody had it forgotten."""
    if not tombstones.exist(db):
        return []
    alike = tombstones.like(db, said.words, project=said.project)
    return [one for one in alike if said.is_that_of(one)]


def holds_forgotten(db: apsw.Connection, text: str, *, project: str | None) -> bool:
    """Say whether a sentence of a message makes a statement that a person had forgotten."""
    if not tombstones.exist(db):
        return False
    said = (Statement(preferences.KIND, "", part, project) for part in (text, *split(text)))
    return any(tombstones_of(db, one) for one in said)


def lift(db: apsw.Connection, said: Statement) -> None:
    """Remove the tombstones of a statement that a person wrote down by hand."""
    tombstones.lift(db, [one.id for one in tombstones_of(db, said)])
