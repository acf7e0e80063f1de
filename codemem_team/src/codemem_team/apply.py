"""From records to memories: what the records of a subject say together is written here.

The same records give the same memory in whatever order they came: the first `memory` record is the
memory, of each field the last edit holds, a `forget` holds for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import apsw

from codemem_core.distil import arrivals
from codemem_core.distil.arrivals import Arrival
from codemem_core.project import normalize_label
from codemem_core.records.memory import Memory
from codemem_core.store import changes, journal, memories, projects, proposals, tombstones
from codemem_team import bodies, log, outbox, subjects
from codemem_team.local import Membership
from codemem_team.log import Record
from codemem_team.subjects import Subject


def receive(db: apsw.Connection, one: Membership, records: Iterable[Record], *, now_ms: int) -> int:
    """Keep records of other devices and write what they say; return how many were new.

    Call it in a transaction. One that cannot be read is quarantined with its reason, the others go
    on. Receiving a record again changes nothing.
    """
    # Changes of this machine have their time already: they become records before others' apply.
    outbox.take_waiting(db)
    touched: dict[str, None] = {}
    new = 0
    with changes.made_by(db, outbox.FOLLOWER):
        for record in records:
            checked = _checked(one, record)
            if not log.keep(db, one.team, checked, project=_project(checked)):
                continue
            new += 1
            changes.seen(db, checked.hlc)
            if checked.state != "quarantined":
                touched[checked.subject] = None
        for subject in touched:
            _Applied(db, one, subject, now_ms).write()
    return new


def _checked(one: Membership, record: Record) -> Record:
    """Return the record as it is kept: to be applied, or quarantined with the reason."""
    problem = record.reason or bodies.problem_of(record.kind, record.body)
    if not problem and record.kind == "memory":
        expected = bodies.subject_of(one.team, record.author, record.body["key"])
        problem = "" if record.subject == expected else "its subject is not its author's"
    return replace(record, state="quarantined" if problem else "applied", reason=problem)


def _project(record: Record) -> str | None:
    project = record.body.get("project")
    return project if isinstance(project, str) and record.state == "applied" else None


@dataclass(slots=True)
class _Field:
    """What a field says, and who wrote it last."""

    value: Any
    author: str


class _Applied:
    """What all records of one subject say together."""

    def __init__(self, db: apsw.Connection, one: Membership, subject: str, now_ms: int) -> None:
        self._db, self._one, self._subject, self._now_ms = db, one, subject, now_ms
        self._records = log.of_subject(db, one.team, subject)
        self._first = next((each for each in self._records if each.kind == "memory"), None)
        self._known = subjects.subject(db, one.team, subject)

    def write(self) -> None:
        """Write it; records whose memory has not come yet wait for it."""
        if self._is_forgotten():
            self._forget()
        elif self._first is not None:
            memory_id = self._known.memory_id if self._known else self._add(self._first)
            if memory_id is not None and self._known is not None:
                self._edit(memories.existing(self._db, memory_id))
            if memory_id is not None:
                self._vouch(memory_id)

    # --- forgotten -------------------------------------------------------------------------------

    def _is_forgotten(self) -> bool:
        """Say whether somebody forgot it who may: its author, or a maintainer."""
        authors = {"" if self._first is None else self._first.author}
        return any(
            each.kind == "forget" and (each.role == "maintainer" or each.author in authors)
            for each in self._records
        )

    def _forget(self) -> None:
        if self._known is not None and self._known.forgotten:
            return
        memory_id = self._known.memory_id if self._known else None
        for each in self._records:
            if each.kind == "forget" and each.body["claim"]:
                self._bury(each)
        if memory_id is not None:
            self._forget_here(memory_id)
        author = self._first.author if self._first else ""
        self._save(memory_id, author=author, forgotten=True)

    def _forget_here(self, memory_id: int) -> None:
        """Forget the memory, unless it says what this user or another teammate says too."""
        others = [
            each
            for each in subjects.subjects_of(self._db, self._one.team, memory_id)
            if each.subject != self._subject and not each.forgotten
        ]
        memory = memories.get(self._db, memory_id)
        if memory is None or not memory.active or others:
            return
        if self._first is not None and not self._stands_for(memory):
            return
        label = f"forget memory {memory_id}"
        with journal.recorded(self._db, label, by=self._forgetter(), now_ms=self._now_ms):
            arrivals.forget(self._db, memory_id, now_ms=self._now_ms)

    def _stands_for(self, memory: Memory) -> bool:
        """Say whether the memory is the subject's own, not one that said the same before."""
        key = memories.key_of(self._db, memory.id)
        return key == _key(self._subject) or (
            self._first is not None
            and self._first.author == self._one.login
            and key == self._first.body["key"].partition("#")[0]
        )

    def _forgetter(self) -> str:
        return next(each.author for each in reversed(self._records) if each.kind == "forget")

    def _bury(self, record: Record) -> None:
        body = record.body
        tombstones.bury_foreign(
            self._db,
            [bytes.fromhex(one) for one in body["claim"]],
            kind=body["kind"],
            project=body["project"],
            now_ms=min(changes.at_ms(record.hlc), self._now_ms),
        )

    # --- added -----------------------------------------------------------------------------------

    def _add(self, first: Record) -> int | None:
        """Let the memory in, as it reads after all edits; return the memory that says it now."""
        body = {**first.body, **{name: each.value for name, each in self._fields().items()}}
        mine = first.author == self._one.login
        memory_id = memories.id_of(self._db, body["key"].partition("#")[0]) if mine else None
        state = "applied"
        if memory_id is None:
            new = bodies.new_memory(
                body,
                key=_key(self._subject),
                origin=body["origin"] if mine else "teammate",
                held=None if mine or not self._one.trusting else False,
                author=first.author,
            )
            new = replace(new, created_ms=min(new.created_ms, self._now_ms) or self._now_ms)
            new = new if mine else replace(new, scope="project")
            arrival = Arrival(
                memory=new,
                source="team",
                session=f"{first.author}/{body['session']}",
                project=self._local_project(body),
                restores="#" in body["key"],
            )
            settled = arrivals.arrive(self._db, arrival, now_ms=self._now_ms)
            memory_id = settled.memory_id
            state = {"added": "applied", "merged": "duplicate"}.get(settled.outcome, "forgotten")
        self._save(memory_id, author=first.author, forgotten=False)
        log.mark_record(self._db, self._one.team, first, state)
        return memory_id

    def _local_project(self, body: dict[str, Any]) -> str | None:
        """Return what the project is called here: by its repository, else by its label."""
        label = normalize_label(body["project"]) if body["project"] else None
        named = projects.by_remotes(self._db, body["remotes"])
        if named is not None or label is None:
            return named or label
        ours = projects.remotes(self._db, label)
        is_another = bool(ours and body["remotes"]) and set(ours).isdisjoint(body["remotes"])
        return f"{label}@{self._one.name}" if is_another else label

    # --- edited ----------------------------------------------------------------------------------

    def _fields(self) -> dict[str, _Field]:
        """Return the last edit of each field; records are in the order of the clock."""
        return {
            name: _Field(value, each.author)
            for each in self._records
            if each.kind == "edit"
            for name, value in each.body["fields"].items()
        }

    def _edit(self, memory: Memory) -> None:
        if not self._stands_for(memory):
            return
        changed: dict[str, Any] = {}
        authors = set()
        for name, each in self._fields().items():
            value = tuple(each.value) if isinstance(each.value, list) else each.value
            if value != getattr(memory, name):
                changed[name] = value
                authors.add(each.author)
        if not changed:
            return
        author = ", ".join(sorted(authors))
        was_told = memory.confirmed or not memory.held
        # Whoever trusted it trusted other words.
        must_wait = bool(authors - {self._one.login}) and not self._one.trusting
        changed |= {"held": True, "confirmed": False} if must_wait else {}
        label = f"edit memory {memory.id}"
        with journal.recorded(self._db, label, by=author, now_ms=self._now_ms):
            memories.edit(self._db, memory.id, changed, now_ms=self._now_ms)
            if must_wait and was_told:
                reason = f"{author} changed what it says"
                proposals.to_confirm(self._db, memory.id, reason=reason, now_ms=self._now_ms)

    def _vouch(self, memory_id: int) -> None:
        """Take over what this person confirmed elsewhere and a maintainer for all.

        A confirmation holds for the text that was confirmed, not for what it is changed to.
        """
        memory = memories.existing(self._db, memory_id)
        if not self._stands_for(memory):
            return
        text = bodies.digest_of(memory)
        said = [each for each in self._records if each.kind == "confirm"]
        mine = {
            name
            for each in said
            if each.author == self._one.login
            for name in each.body["fields"]
            if name != "confirmed" or each.body["text"] == text
        }
        wanted: dict[str, Any] = {
            name: True for name in bodies.VOUCHED if name in mine and not getattr(memory, name)
        }
        by_maintainer = any(
            each.role == "maintainer"
            and "confirmed" in each.body["fields"]
            and each.body["text"] == text
            for each in said
        )
        if by_maintainer and memory.held:
            wanted["held"] = False
        if wanted:
            memories.edit(self._db, memory_id, wanted, now_ms=self._now_ms)

    def _save(self, memory_id: int | None, *, author: str, forgotten: bool) -> None:
        one = Subject(
            subject=self._subject, memory_id=memory_id, author=author, forgotten=forgotten
        )
        subjects.save_subject(self._db, self._one.team, one)
        self._known = one


def _key(subject: str) -> str:
    """Return the key of a memory that came from another device."""
    return f"team-{subject}"
