"""Memories of mem0: what its `get_all`, its API or its export gives, as a JSON file."""

from __future__ import annotations

from typing import Any, BinaryIO

from codemem_core.errors import InputError, UnusableFile
from codemem_core.ingest.accept import storable
from codemem_core.project import normalize_label
from codemem_core.records.events import epoch_ms
from codemem_core.store.imports import Session, State
from codemem_core.transfer import notes
from codemem_core.transfer.incoming import Incoming
from codemem_core.transfer.json_stream import elements
from codemem_core.transfer.notes import Note

_LISTS = ("results", "memories", "data", "items")
_TEXTS = ("memory", "text", "content", "data")
_WHOSE = ("user_id", "agent_id", "app_id", "run_id")


def fill(incoming: Incoming, file: BinaryIO, *, project: str | None) -> None:
    """Take every memory of a file; raises `UnusableFile` when it has none of the known shapes."""
    incoming.replace = True
    known = False
    for name, value in elements(file, lists=_LISTS):
        if name == "" or name in _LISTS:
            known = True
            _take(incoming, storable(value), project)
    if not known:
        raise UnusableFile(
            "not a file of mem0's memories", hint='it has to hold a list, or {"results": […]}'
        )


def _take(incoming: Incoming, row: Any, project: str | None) -> None:  # noqa: ANN401 - JSON
    row = row if isinstance(row, dict) else {"memory": row}
    text = next((row[name] for name in _TEXTS if isinstance(row.get(name), str)), "").strip()
    if not text:
        incoming.report.tables["memories"].count("without text")
        return
    metadata = row.get("metadata") if isinstance(row.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    whose = {name: row[name] for name in _WHOSE if row.get(name)}
    label = project or normalize_label(str(metadata.get("project") or row.get("app_id") or ""))
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


def _time(row: dict[str, Any]) -> int:
    for name in ("created_at", "updated_at"):
        if isinstance(row.get(name), str):
            try:
                return epoch_ms(row[name])
            except InputError:
                continue
    return 0
