"""Memories by the ids a model gave: which there are, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codemem_core.store import memories
from codemem_mcp.access import MOST_ITEMS

if TYPE_CHECKING:
    import apsw

    from codemem_core.records.memory import Memory
    from codemem_mcp.filters import Filters
    from codemem_mcp.shapes import Problem

_LARGEST = (1 << 63) - 1


@dataclass(slots=True)
class Named:
    """What became of the ids that were asked for."""

    asked: int
    """How many there were, after repeats."""
    memories: list[Memory] = field(default_factory=list)
    """In the order of the ids."""
    missing: list[int] = field(default_factory=list)
    """Those that cannot be shown, for whatever reason."""
    errors: list[Problem] = field(default_factory=list)


def named(
    db: apsw.Connection, ids: Sequence[Any], *, project: str | None, filters: Filters
) -> Named:
    """Look up memories that are not forgotten; those of another project are left out."""
    right = list(dict.fromkeys(int(one) for one in ids if _is_id(one)))[:MOST_ITEMS]
    wrong = [one for one in ids if not _is_id(one)]
    result = Named(asked=len(right) + len(wrong))
    if wrong:
        message = (
            f"ids must be positive whole numbers: {', '.join(f'{one!r:.40}' for one in wrong)}"
        )
        result.errors.append({"code": "INVALID_ARGUMENT", "field": "ids", "message": message})
    reasons: dict[str, list[int]] = {}
    for one in right:
        memory = memories.get(db, one)
        reason = _reason(memory, project=project, filters=filters)
        if memory is not None and reason is None:
            result.memories.append(memory)
        else:
            result.missing.append(one)
            reasons.setdefault(reason or "NOT_FOUND", []).append(one)
    for code, those in reasons.items():
        message = _MESSAGES[code].format(project=project)
        result.errors.append({"code": code, "field": "ids", "message": message, "ids": those})
    return result


_MESSAGES = {
    "NOT_FOUND": "no such memories",
    "PROJECT_MISMATCH": 'these are not of project {project}; `project: "*"` looks everywhere',
    "FILTER_MISMATCH": "the filters leave these out",
}


def _reason(memory: Memory | None, *, project: str | None, filters: Filters) -> str | None:
    if memory is None or not memory.active:
        return "NOT_FOUND"
    if project is not None and memory.project != project:
        return "PROJECT_MISMATCH"
    return None if filters.keep([memory], 1) else "FILTER_MISMATCH"


def _is_id(value: object) -> bool:
    """Say whether a value is a whole number above zero, or its digits."""
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and 0 < int(value[:20]) <= _LARGEST
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
