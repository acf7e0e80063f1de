"""What becomes of a memory that was just found: written, counted with another, or in its place.

Runs in the transaction that completes the batch. Keys are deterministic, and one that was counted
with another memory is noted too: the same batch again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import apsw

from codemem_core.distil import preferences
from codemem_core.distil.amendments import ComparedMemory, amends, repeats
from codemem_core.distil.dedupe import Wording, is_same, takes_back
from codemem_core.distil.forgotten import statement_of, tombstones_of
from codemem_core.distil.preferences import Stated, replaces, says_same
from codemem_core.distil.project_card import card_of, is_card, take_up
from codemem_core.distil.summaries import has_sections, rolled_up
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.retrieval import duplicates
from codemem_core.retrieval.duplicates import Sighting
from codemem_core.store import memories, proposals, sessions
from codemem_core.store.user_rules import rules_for

_LOOKED_AT = 400
"""Characters of a body whose words look for others like it."""


def settle(
    db: apsw.Connection,
    new: NewMemory,
    *,
    session_id: int,
    batch: int | None = None,
    now_ms: int,
) -> int | None:
    """Write a memory and return its id, or None when its key is known or another says it already.

    Said again, it supports the one that is there. What it takes back is outdated by it; both stay.
    A session's summaries roll up into one.
    """
    if duplicates.is_known(db, new.key):
        return None
    if _was_forgotten(db, new, session_id=session_id, now_ms=now_ms):
        return None
    if new.kind == "session_summary":
        return _roll_up(db, new, session_id=session_id, batch=batch, now_ms=now_ms)
    judged = judge(db, new, session_id=session_id, batch=batch, now_ms=now_ms)
    if judged.twin is not None:
        if is_card(new):
            take_up(db, memories.existing(db, judged.twin), new, now_ms=now_ms)
        at_ms = new.created_ms or now_ms
        seen = Sighting(key=new.key, session_id=session_id, batch=batch, at_ms=at_ms)
        duplicates.note(db, judged.twin, seen)
        return None
    memory_id = memories.add(db, new, session_id=session_id, batch=batch, now_ms=now_ms)
    assert memory_id is not None  # its key is not there
    if new.held:
        source = new.metadata.get("held", "outside text")
        reason = f"it gives orders that only {source} carries"
        proposals.to_confirm(db, memory_id, reason=reason, now_ms=now_ms)
    else:
        _outdate(db, memory_id, judged)
    return memory_id


def _outdate(db: apsw.Connection, memory_id: int, judged: Reconciled) -> None:
    for older in judged.takes_back:
        memories.outdate(db, older, by=memory_id)
    if judged.taken_back_by is not None:
        memories.outdate(db, memory_id, by=judged.taken_back_by)


def _was_forgotten(db: apsw.Connection, new: NewMemory, *, session_id: int, now_ms: int) -> bool:
    """Say whether a person had the same statement forgotten.

    The user's word said after that may be a new wish: a person decides.
    """
    project = sessions.project_of(db, session_id)
    found = tombstones_of(db, statement_of(new, project=project))
    if not found:
        return False
    forgotten_ms = max(one.at_ms for one in found)
    if new.kind == preferences.KIND and new.created_ms > forgotten_ms:
        reason = "said again after you forgot it"
        proposals.to_remember(db, new, session_id=session_id, reason=reason, now_ms=now_ms)
    return True


@dataclass(slots=True)
class Reconciled:
    """What the memories that are there make of a new one."""

    twin: int | None = None
    """The one that says it already."""
    takes_back: list[int] = field(default_factory=list)
    """Older ones that it contradicts."""
    taken_back_by: int | None = None
    """A newer one that contradicts it: history may be imported late."""


def judge(
    db: apsw.Connection, new: NewMemory, *, session_id: int, batch: int | None, now_ms: int
) -> Reconciled:
    """Compare a memory with those of its project that are most like it; writes nothing."""
    if new.kind == preferences.KIND:
        return _judge_preference(db, new, session_id=session_id, now_ms=now_ms)
    if is_card(new):
        card = card_of(db, sessions.project_of(db, session_id))
        # Lines that wait for a person must not get into a card that is told.
        is_trusted = card is not None and _trust(new) >= min(_trust(card), 1)
        return Reconciled(twin=card.id if card and is_trusted else None)
    judged, told_ms = Reconciled(), new.created_ms or now_ms
    side = _Side(new)
    for old in _rivals(db, new, session_id):
        pair = _Pair(side, _Side(old), is_superseded=old.id in new.supersedes)
        # Memories of one batch share a moment: then they speak of different things.
        is_of_now = batch is not None and memories.batch_of(db, old.id) == batch
        is_newer = told_ms > old.created_ms
        if _trust(old) >= _trust(new) and pair.is_repeated(only_word_by_word=is_of_now):
            judged.twin = old.id
            return judged
        if not is_of_now and old.created_ms != told_ms and pair.is_amended(new_is_newer=is_newer):
            _weigh(judged, new, old, is_newer=is_newer)
    return judged


class _Side:
    """A memory, read once for all that it is compared with: reading takes longer than comparing."""

    def __init__(self, memory: Memory | NewMemory) -> None:
        self.wording = Wording(memory)
        self.compared = ComparedMemory(memory)


class _Pair:
    """A new memory beside one that is there."""

    def __init__(self, new: _Side, old: _Side, *, is_superseded: bool) -> None:
        self._new, self._old = new, old
        self._is_superseded = is_superseded

    def is_repeated(self, *, only_word_by_word: bool) -> bool:
        """Say whether the new one says nothing that the old one does not."""
        if is_same(self._new.wording, self._old.wording):
            return True
        new, old = self._new.compared, self._old.compared
        if only_word_by_word or not repeats(new, old):
            return False
        return not (amends(new, old) or amends(old, new) or self._gives_other_value)

    def is_amended(self, *, new_is_newer: bool) -> bool:
        """Say whether the newer one of the two takes the older one back."""
        if new_is_newer and self._is_superseded:
            return True
        new, old = self._new.compared, self._old.compared
        newer, older = (new, old) if new_is_newer else (old, new)
        return self._gives_other_value or amends(newer, older)

    @property
    def _gives_other_value(self) -> bool:
        return takes_back(self._new.wording, self._old.wording)


def _judge_preference(
    db: apsw.Connection, new: NewMemory, *, session_id: int, now_ms: int
) -> Reconciled:
    """Compare a rule with all that hold in its project: the newer one of two holds."""
    judged, stated = Reconciled(), Stated(new.body, new.scope)
    told_ms = new.created_ms or now_ms
    for old in rules_for(db, sessions.project_of(db, session_id)):
        known = Stated(old.text, old.scope)
        if says_same(stated, known):
            judged.twin = old.id
            return judged
        is_newer = told_ms >= old.created_ms
        if is_newer and replaces(stated, known):
            judged.takes_back.append(old.id)
        elif not is_newer and replaces(known, stated):
            judged.taken_back_by = old.id
    return judged


def _roll_up(
    db: apsw.Connection, new: NewMemory, *, session_id: int, batch: int | None, now_ms: int
) -> int | None:
    """Write a session's summary; the one before goes into it, and is outdated by it."""
    before = memories.summary_of(db, session_id)
    if before is not None and not has_sections(before):
        before = None  # a person's words are left as they are
    if before is not None:
        new = rolled_up(new, before)
    memory_id = memories.add(db, new, session_id=session_id, batch=batch, now_ms=now_ms)
    if before is not None and memory_id is not None:
        memories.outdate(db, before.id, by=memory_id)
    return memory_id


def _rivals(db: apsw.Connection, new: NewMemory, session_id: int) -> list[Memory]:
    project = sessions.project_of(db, session_id)
    text = f"{new.title} {new.body[:_LOOKED_AT]}"
    ids = [*new.supersedes, *duplicates.candidates(db, text, project=project)]
    found = [memory for one in dict.fromkeys(ids) if (memory := memories.get(db, one)) is not None]
    return [one for one in found if _is_rival(one, project)]


def _is_rival(memory: Memory, project: str | None) -> bool:
    """Say whether a memory is a current claim of a project; rules and cards have their own way."""
    if memory.kind in {"session_summary", preferences.KIND} or is_card(memory):
        return False
    return memory.active and memory.project == project and memory.outdated_by is None


def _weigh(judged: Reconciled, new: NewMemory, old: Memory, *, is_newer: bool) -> None:
    """Let the newer of two take the other back, unless the other is more trusted."""
    if is_newer and _trust(new) >= _trust(old) and "hypothesis" not in new.metadata:
        judged.takes_back.append(old.id)
    elif not is_newer and _trust(old) >= _trust(new):
        judged.taken_back_by = old.id


def _trust(memory: Memory | NewMemory) -> int:
    """Return 0 for what may not be told unasked, 2 for what a person confirmed, else 1."""
    if isinstance(memory, Memory) and memory.confirmed:
        return 2
    return int(not is_held(memory))


def is_held(memory: Memory | NewMemory) -> bool:
    """Say whether a memory is kept from prompts until a person confirms it."""
    if memory.held is None:
        return memory.origin in {"external", "import", "teammate"}
    return memory.held
