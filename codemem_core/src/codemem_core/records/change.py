"""Changes: what was committed to memories, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to one memory; what the memory says now is read from it."""

    seq: int
    """Grows with each change; numbers may be missing."""
    memory_id: int
    key: str
    """The memory's key, which stays when the memory is deleted."""
    action: str
    """`added`, `edited`, `moved` (to another project), `forgotten`, `superseded` (by a later
    distillation of the same events), `restored` or `deleted`."""
    fields: tuple[str, ...]
    """What was edited: title, body, narrative, facts, tags, confirmed, pinned."""
    hlc: int
    """When, as a hybrid logical clock: epoch milliseconds * 65536 + a counter."""
    origin: str
    """Who made it: empty for this machine, else the name given to `changes.made_by`."""
