"""What becomes of a memory that was just found: written, counted with another, or in its place.

Runs in the transaction that completes the batch. Keys are deterministic, and one that was counted
with another memory is noted too: the same batch again changes nothing.
"""

from __future__ import annotations

import apsw

from codemem_core.ingest.sameness import Wording, is_same, takes_back
from codemem_core.records.events import ORIGINS
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.store import memories, sessions, sightings


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
    """
    if sightings.is_known(db, new.key):
        return None
    wording = Wording.of(new)
    rivals = [] if new.kind == "session_summary" else _rivals(db, new, session_id)
    twin = next((one for one in rivals if _stands_for(one, new, wording)), None)
    if twin is not None:
        at_ms = new.created_ms or now_ms
        sightings.note(db, twin.id, key=new.key, session_id=session_id, batch=batch, at_ms=at_ms)
        return None
    memory_id = memories.add(db, new, session_id=session_id, batch=batch, now_ms=now_ms)
    assert memory_id is not None  # its key is not there
    for rival in rivals:
        # Two of one batch are told of one moment: then they speak of different things.
        if batch is None or memories.batch_of(db, rival.id) != batch:
            _weigh(db, memory_id, new, rival, told_ms=new.created_ms or now_ms)
    return memory_id


def _rivals(db: apsw.Connection, new: NewMemory, session_id: int) -> list[Memory]:
    """Return the memories that are most like it, of the same kind and project, still current."""
    project = sessions.project_of(db, session_id)
    text = f"{new.title} {new.body[:400]}"
    ids = sightings.candidates(db, text, kind=new.kind, project=project)
    found = [memory for one in ids if (memory := memories.get(db, one)) is not None]
    return [one for one in found if one.project == project and one.outdated_by is None]


def _stands_for(old: Memory, new: NewMemory, wording: Wording) -> bool:
    """Say whether the old one is told where the new one would be, and says the same."""
    return _trust(old) >= _trust(new) and is_same(wording, Wording.of(old))


def _weigh(
    db: apsw.Connection, memory_id: int, new: NewMemory, old: Memory, *, told_ms: int
) -> None:
    """Outdate the older of two that contradict each other, unless it is the more trusted one."""
    if told_ms == old.created_ms or not takes_back(Wording.of(new), Wording.of(old)):
        return
    if told_ms < old.created_ms:  # history that was imported later
        if _trust(old) >= _trust(new):
            memories.outdate(db, memory_id, by=old.id)
    elif _trust(new) >= _trust(old) and "hypothesis" not in new.metadata:
        memories.outdate(db, old.id, by=memory_id)


def _trust(memory: Memory | NewMemory) -> int:
    if isinstance(memory, Memory) and memory.confirmed:
        return len(ORIGINS)
    return ORIGINS.index(memory.origin)
