"""Memories of mem0: what its `get_all`, its API or its export gives, as a JSON file."""

from __future__ import annotations

from typing import Any, BinaryIO

from codemem_core.capture.delivery import storable
from codemem_core.errors import InputError, UnusableFile
from codemem_core.project import normalize_label
from codemem_core.records.event import epoch_ms
from codemem_transfer import notes
from codemem_transfer.incoming import Incoming
from codemem_transfer.json_stream import documents
from codemem_transfer.notes import Note
from codemem_transfer.writes import Session, State

_LISTS = ("results", "memories", "data", "items")
_TEXTS = ("memory", "text", "content", "data")
_IN_USE = {"active", "succeeded", "completed"}
"""A memory's own state, and the states of the call that made it."""
_DELETED = ("deleted", "is_deleted", "deleted_at")
_WHOSE = ("user_id", "agent_id", "app_id", "run_id")


def fill(incoming: Incoming, file: BinaryIO, *, project: str | None, here: str | None) -> int:
    """Take every memory of a file: a list, an object that holds one, or JSON Lines.

    Memories go to `project`, else to the one they name, else to `here`; return how many went there
    because they named none. Raises `UnusableFile` when
    the file has none of the known shapes.
    """
    incoming.replace = True
    known, placed = False, 0
    for document in documents(file, lists=_LISTS):
        members: dict[str, Any] = {}
        for name, value in document:
            if name == "":
                known = True
                placed += _take(incoming, storable(value), project, here)
            else:
                members[name] = value
        if any(isinstance(members.get(name), str) for name in _TEXTS):
            known = True
            placed += _take(incoming, storable(members), project, here)
    if not known:
        raise UnusableFile(
            "not a file of mem0's memories",
            hint='it has to hold a list, {"results": […]}, or a memory a line',
        )
    return placed


def _take(
    incoming: Incoming,
    row: Any,  # noqa: ANN401 - JSON
    project: str | None,
    here: str | None,
) -> bool:
    """Take one memory; say whether it went to `here`."""
    row = row if isinstance(row, dict) else {"memory": row}
    text = next((row[name] for name in _TEXTS if isinstance(row.get(name), str)), "").strip()
    left_out = _state(row) if text else "without text"
    if left_out:
        incoming.report.tables["memories"].count(left_out)
        return False
    metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    whose = {name: row[name] for name in _WHOSE if row.get(name)}
    named = project or normalize_label(str(metadata.get("project") or row.get("app_id") or ""))
    label = named or here
    categories = row.get("categories") if isinstance(row.get("categories"), list) else []
    assert isinstance(categories, list)
    note = Note(
        title=text.splitlines()[0],
        body=text,
        place=("mem0", str(row.get("id") or text)),
        kind=str(metadata.get("kind") or metadata.get("type") or "note"),
        concepts=tuple(str(name) for name in categories),
        created_ms=_time(row),
        metadata={**whose, "mem0": metadata},
    )
    name = "|".join(("mem0", label or "", *map(str, whose.values())))
    session = Session(key=name, stream=None, started_ms=incoming.now_ms, project=label)
    incoming.session(name, session)
    incoming.memory(name, notes.memory_of(note), State(project=label), table="memories")
    return not named


def _state(row: dict[str, Any]) -> str:
    """Return why mem0 itself no longer uses a memory, or nothing when it does."""
    state = str(row.get("state") or row.get("status") or "active").lower()
    if any(row.get(name) for name in _DELETED):
        return "deleted"
    return "" if state in _IN_USE else state[:40]


def _time(row: dict[str, Any]) -> int:
    for name in ("created_at", "updated_at"):
        if isinstance(row.get(name), str):
            try:
                return epoch_ms(row[name])
            except InputError:
                continue
    return 0
