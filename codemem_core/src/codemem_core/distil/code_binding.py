"""New memories remember the state of the files they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.code_state import FIELD, code_of

_RECENT_MS = 6 * 3_600_000
"""What happened longer ago is history: the files are no longer as they were then."""


def bound_to_code(found: Sequence[NewMemory], root: str | None, *, now_ms: int) -> list[NewMemory]:
    """Return the memories with hash and commit of the files they name, where those are there."""
    return [_bound(new, root, now_ms=now_ms) for new in found]


def _bound(new: NewMemory, root: str | None, *, now_ms: int) -> NewMemory:
    if root is None or now_ms - new.created_ms > _RECENT_MS:
        return new
    code = code_of(root, (*new.files_modified, *new.files_read))
    return replace(new, metadata={**new.metadata, FIELD: code}) if code else new
