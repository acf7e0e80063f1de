"""From changes of memories to records of the team: what is shared, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import apsw

from codemem_core.config.settings import Settings
from codemem_core.distil import arrivals
from codemem_core.records.change import Change
from codemem_core.records.memory import Memory
from codemem_core.store import changes, memories, projects
from codemem_core.store.engine.connection import rows
from codemem_team import bodies, local, log, subjects
from codemem_team.local import Membership
from codemem_team.log import NewRecord
from codemem_team.subjects import Subject

FOLLOWER = "team"
"""This plugin's name as a follower of changes and as their origin."""
AT_ONCE = 50
"""Changes, or records, of one local transaction: hooks that store an event wait for it."""


class Outbox:
    """Writes a record for each change of a shared memory, in the transaction that takes it."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def take(self, db: apsw.Connection, changed: Sequence[Change]) -> None:
        """Write the records of changes that were made on this machine."""
        for one in local.memberships(db):
            for change in changed:
                if change.origin != FOLLOWER:
                    _Team(db, one).take(change)


def take_some(db: apsw.Connection, *, limit: int = AT_ONCE) -> int:
    """Take the next changes that wait, in this transaction; return how many there were."""
    waiting = changes.pending(db, FOLLOWER, limit=limit)
    for one in local.memberships(db):
        for change in waiting:
            if change.origin != FOLLOWER:
                _Team(db, one).take(change)
    if waiting:
        changes.taken(db, FOLLOWER, waiting[-1].seq)
    return len(waiting)


def take_waiting(db: apsw.Connection) -> None:
    """Take every change that waits, before records of others touch the same memories."""
    while take_some(db):
        pass


def offer(db: apsw.Connection, one: Membership, memory_id: int) -> bool:
    """Write the record of a memory that is shared from now on; False when it is not to be."""
    return _Team(db, one).offer(memory_id, hlc=changes.tick(db))


def withdraw(db: apsw.Connection, one: Membership, memory_id: int) -> int:
    """Write that a memory is shared no longer; return how many records that took."""
    team = _Team(db, one)
    return team.forget(memory_id, reason="unshared", hlc=changes.tick(db))


class _Team:
    """One team's part in a change."""

    def __init__(self, db: apsw.Connection, one: Membership) -> None:
        self._db = db
        self._one = one

    def take(self, change: Change) -> None:
        if change.action == "edited":
            self._edit(change)
        elif change.action in {"added", "restored", "moved"}:
            self.offer(change.memory_id, hlc=change.hlc)
        else:
            reason = "superseded" if change.action == "superseded" else "forgotten"
            self.forget(change.memory_id, reason=reason, hlc=change.hlc)
        if change.action == "deleted":
            for each in subjects.subjects_of(self._db, self._one.team, change.memory_id):
                log.blank(self._db, self._one.team, each.subject)

    def offer(self, memory_id: int, *, hlc: int) -> bool:
        """Write the record of a memory, if it is to be shared and is not yet."""
        memory = memories.get(self._db, memory_id)
        if memory is None or not may_travel(memory) or not is_shared(self._db, self._one, memory):
            return False
        known = subjects.subjects_of(self._db, self._one.team, memory_id)
        if any(not each.forgotten for each in known):
            return False
        key = memories.key_of(self._db, memory_id)
        # A forgotten subject stays so: what was restored is another one.
        key = f"{key}#{len(known) + 1}" if known else key
        subject = bodies.subject_of(self._one.team, self._one.login, key)
        if subjects.subject(self._db, self._one.team, subject) is not None:
            return False  # an earlier copy of this database shared it
        body = bodies.memory_body(
            memory,
            key=key,
            session=_session(self._one, memory),
            remotes=projects.remotes(self._db, memory.project),
        )
        if not self._append("memory", subject, hlc, body, project=memory.project):
            return False
        self._save(
            Subject(subject=subject, memory_id=memory_id, author=self._one.login, forgotten=False)
        )
        return True

    def _edit(self, change: Change) -> None:
        memory = memories.get(self._db, change.memory_id)
        if memory is None:
            return
        known = [
            each
            for each in subjects.subjects_of(self._db, self._one.team, memory.id)
            if not each.forgotten
        ]
        if not known:
            self.offer(memory.id, hlc=change.hlc)  # confirmed now, say
        for each in known:
            edited = [name for name in bodies.EDITABLE if name in change.fields]
            if edited and memory.active:
                seen = log.last_edit(self._db, self._one.team, each.subject)
                body = bodies.edit_body(memory, edited, seen=seen)
                self._append("edit", each.subject, change.hlc, body, project=memory.project)
            vouched = [
                name for name in bodies.VOUCHED if name in change.fields and getattr(memory, name)
            ]
            if vouched:
                body = bodies.confirm_body(vouched, memory)
                self._append("confirm", each.subject, change.hlc, body, project=memory.project)

    def forget(self, memory_id: int, *, reason: str, hlc: int) -> int:
        """Write that a memory is forgotten, where this person may say so for the team."""
        memory = memories.get(self._db, memory_id)
        claim, kind, project = [], "", None
        if memory is not None:
            kind, project = memory.kind, memory.project
            if reason == "forgotten":
                claim = arrivals.claim_hashes(self._db, memory_id, key=self._one.claim_key)
        written = 0
        for each in subjects.subjects_of(self._db, self._one.team, memory_id):
            if each.forgotten or not self._may_forget(each):
                continue
            body = bodies.forget_body(reason, claim=claim, kind=kind, project=project)
            self._append("forget", each.subject, hlc, body, project=project)
            self._save(
                Subject(
                    subject=each.subject, memory_id=memory_id, author=each.author, forgotten=True
                )
            )
            written += 1
        return written

    def _may_forget(self, each: Subject) -> bool:
        """Say whether forgetting it here holds for all: its author may, and a maintainer."""
        return each.author == self._one.login or self._one.role == "maintainer"

    def _append(
        self, kind: str, subject: str, hlc: int, body: dict[str, Any], *, project: str | None
    ) -> bool:
        """Write a record; False when it could not be read by others, and stays here as refused."""
        new = NewRecord(kind=kind, subject=subject, hlc=hlc, body=body, project=project)
        refusal = bodies.problem_of(kind, body)
        log.append(self._db, self._one, new, refusal=refusal)
        return not refusal

    def _save(self, subject: Subject) -> None:
        subjects.save_subject(self._db, self._one.team, subject)


def may_travel(memory: Memory) -> bool:
    """Say whether a memory may leave this machine at all.

    What waits for a person, what a person marked as private, what a teammate wrote, and what a
    newer memory replaced stay here.
    """
    if not memory.active or memory.superseded_by is not None or memory.outdated_by is not None:
        return False
    if memory.origin == "teammate" or (memory.held and not memory.confirmed):
        return False
    return memory.metadata.get("visibility") != "private"


def is_shared(db: apsw.Connection, one: Membership, memory: Memory) -> bool:
    """Say whether a memory's project and kind are shared with the team."""
    wanted = {(memory.project, ""), (memory.project, memory.kind)}
    return not wanted.isdisjoint(local.shares(db, one.team))


_UNSHARED = """
    SELECT id FROM memories
     WHERE project = :project AND active = 1
       AND (:kinds = '[]' OR kind IN (SELECT value FROM json_each(:kinds)))
       AND NOT EXISTS (SELECT 1 FROM team_subjects
                        WHERE team = :team AND memory_id = memories.id AND NOT forgotten)
     ORDER BY created_ms DESC, id DESC
"""


def unshared(
    db: apsw.Connection, one: Membership, *, project: str, kinds: Sequence[str]
) -> list[Memory]:
    """Return the memories that sharing a project would send, newest first."""
    values = {"project": project, "team": one.team, "kinds": json.dumps(list(kinds))}
    found = [memories.existing(db, each) for (each,) in rows(db, _UNSHARED, values)]
    return [memory for memory in found if may_travel(memory)]


def _session(one: Membership, memory: Memory) -> str:
    """Return what tells a session from others, and nothing else of it."""
    told = f"{one.device}/{memory.session_id}".encode()
    return hashlib.blake2b(told, digest_size=8).hexdigest()
