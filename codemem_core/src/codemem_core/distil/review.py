"""Decide proposals: what a person accepts is done, and can be undone.

`by` says where they decided: `cli` or `viewer`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import apsw

from codemem_core.distil import forgotten, manual
from codemem_core.distil.manual import Correction
from codemem_core.store import journal, memories, proposals
from codemem_core.store.engine.store import Store
from codemem_core.store.proposals import Proposal

Action = Callable[[apsw.Connection, Proposal, int], int | None]


def accept(store: Store, proposal_id: int, *, by: str) -> int | None:
    """Do what is proposed and return the memory's id; raises `NotFound`.

    A memory that waits is confirmed, one to be forgotten is forgotten, one to be remembered is
    written and confirmed.
    """
    return _decide(store, proposal_id, "accept", by, _accept)


def reject(store: Store, proposal_id: int, *, by: str) -> None:
    """Decline what is proposed; raises `NotFound`.

    A memory that waits is forgotten, one that was to be forgotten stays.
    """
    _decide(store, proposal_id, "reject", by, _reject)


def accept_reworded(store: Store, proposal_id: int, correction: Correction, *, by: str) -> int:
    """Accept a memory in a person's own words and return its id.

    Raises `NotFound`, and `InputError` when nothing is left of title or body.
    """
    fields = manual.corrected(correction)

    def reword(db: apsw.Connection, proposal: Proposal, now_ms: int) -> int | None:
        memory_id = _accept(db, proposal, now_ms)
        assert memory_id is not None
        memories.edit(db, memory_id, {**fields, "confirmed": True}, now_ms=now_ms)
        return memory_id

    memory_id = _decide(store, proposal_id, "accept", by, reword)
    assert memory_id is not None
    return memory_id


def _decide(store: Store, proposal_id: int, verb: str, by: str, act: Action) -> int | None:
    now_ms = time.time_ns() // 1_000_000

    def write(db: apsw.Connection) -> int | None:
        proposal = proposals.get(db, proposal_id)
        with journal.recorded(db, f"{verb} proposal {proposal_id}", by=by, now_ms=now_ms):
            memory_id = act(db, proposal, now_ms)
            proposals.decide(db, proposal_id, accepted=verb == "accept", now_ms=now_ms)
        return memory_id

    return store.write(write)


def _accept(db: apsw.Connection, proposal: Proposal, now_ms: int) -> int | None:
    if proposal.action == proposals.REMEMBER:
        new = replace(proposals.new_memory(db, proposal.id), held=False)
        assert proposal.session_id is not None
        forgotten.lift(db, forgotten.statement_of(new, project=proposal.project))
        memory_id = memories.add(db, new, session_id=proposal.session_id, now_ms=now_ms)
        memory_id = memories.id_of(db, new.key) if memory_id is None else memory_id
    else:
        memory_id = proposal.memory_id
    assert memory_id is not None
    if proposal.action == proposals.FORGET:
        manual.forget_in(db, memory_id, now_ms=now_ms)
    else:
        memories.edit(db, memory_id, {"confirmed": True}, now_ms=now_ms)
    return memory_id


def _reject(db: apsw.Connection, proposal: Proposal, now_ms: int) -> int | None:
    if proposal.action == proposals.CONFIRM and proposal.memory_id is not None:
        manual.forget_in(db, proposal.memory_id, now_ms=now_ms)
    return proposal.memory_id
