"""Export in the 1.0 format: what releases before 1.0 read, and what only we have as extra keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

from codemem_core.records.event import iso_time
from codemem_core.store.engine.store import Store
from codemem_transfer import pages
from codemem_transfer.pages import Wanted

VERSION = "1.0"
_PROVENANCE = (
    "actor_id", "actor_display_name", "visibility", "workspace_id", "workspace_kind",
    "origin_device_id", "origin_source", "trust_state", "rev", "user_prompt_id",
)  # fmt: skip
_GIT = ("git_remote", "git_branch", "user", "tool_version")
Progress = Callable[[int, int], object]
"""Called with how many memories are done, and of how many."""


def export(store: Store, wanted: Wanted, file: TextIO, *, now_ms: int, progress: Progress) -> int:
    """Write sessions and memories as one JSON object, an element a line; count the memories.

    ASCII only: neither a terminal's encoding nor what it acts on comes into it.
    """
    of_sessions, of_memories, projects = pages.count(store, wanted)
    head = {
        "version": VERSION,
        "exported_at": iso_time(now_ms),
        "export_metadata": {
            "tool_version": "codemem",
            "projects": projects,
            "total_memories": of_memories,
            "total_sessions": of_sessions,
            "include_inactive": wanted.inactive,
            "filters": _filters(wanted),
        },
    }
    file.write(json.dumps(head).removesuffix("}"))
    prompts = _Prompts(store)
    _write(file, "sessions", map(prompts.session, pages.sessions(store, wanted)))
    told = (_memory(row) for row in pages.memories(store, wanted))
    counted = _write(file, "memory_items", _watched(told, of_memories, progress))
    # A summary is a memory of its kind here; it was written down twice before 1.0.
    _write(file, "session_summaries", ())
    _write(file, "user_prompts", prompts.again(pages.sessions(store, wanted)))
    file.write("\n}\n")
    return counted


def _filters(wanted: Wanted) -> dict[str, str]:
    filters = {"project": wanted.project} if wanted.project is not None else {}
    return filters | ({"since": iso_time(wanted.since_ms)} if wanted.since_ms is not None else {})


def _write(file: TextIO, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
    file.write(f',\n"{name}": [')
    written = 0
    for row in rows:
        file.write(("\n" if not written else ",\n") + json.dumps(row))
        written += 1
    file.write("\n]")
    return written


def _watched(
    rows: Iterable[Mapping[str, Any]], total: int, progress: Progress
) -> Iterator[Mapping[str, Any]]:
    for number, row in enumerate(rows, 1):
        yield row
        progress(number, total)


class _Prompts:
    """What people asked, which is part of a session here and a table of its own there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._number = 0

    def session(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a session without its prompts."""
        metadata = {k: v for k, v in row["metadata"].items() if k not in {"prompts", "adopted"}}
        ended = row["ended_ms"]
        return {
            "id": row["id"],
            "started_at": iso_time(row["started_ms"]),
            "ended_at": None if ended is None else iso_time(ended),
            "cwd": row["cwd"],
            "project": row["project"],
            **{name: metadata.get(name) for name in _GIT},
            "metadata_json": metadata,
            "import_key": row["metadata"].get("adopted") or _session_key(row),
            "source": row["source"],
            "stream_id": row["stream_id"] if row["source"] else None,
        }

    def again(self, sessions: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield the prompts of sessions."""
        for row in sessions:
            for prompt in pages.prompts(self._store, row):
                self._number += 1
                at_ms = prompt.get("at_ms")
                yield {
                    "id": self._number,
                    "session_id": row["id"],
                    "project": row["project"],
                    "prompt_text": prompt.get("text"),
                    "prompt_number": prompt.get("number"),
                    "created_at": None if at_ms is None else iso_time(at_ms),
                    "created_at_epoch": at_ms,
                    "metadata_json": {},
                    "import_key": prompt["id"],
                }


def _session_key(row: Mapping[str, Any]) -> str:
    place = f"{row['project'] or ''}|{iso_time(row['started_ms'])}"
    return f"export|session|{row['id']}|{place}"


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a memory's metadata; importers stop at kinds they do not know, so it keeps those."""
    known = {k: v for k, v in row["metadata"].items() if k != "superseded"}
    if row["kind"] == "preference":
        known |= {"kind": "preference", "scope": row["scope"]}
    return known


def _memory(row: Mapping[str, Any]) -> dict[str, Any]:
    metadata, deleted = row["metadata"], row["deleted_ms"]
    given = metadata.get("provenance")
    provenance = given if isinstance(given, dict) else {}
    same = ("id", "session_id", "kind", "title", "confidence", "subtitle", "facts", "narrative",
            "concepts", "files_read", "files_modified", "prompt_number")  # fmt: skip
    ours = ("project", "origin", "extractor", "extractor_version", "support", "told", "used",
            "outdated_by")  # fmt: skip
    return {
        **{name: row[name] for name in same},
        **({"kind": "note"} if row["kind"] == "preference" else {}),
        "body_text": row["body"],
        "tags_text": row["tags"],
        "active": row["active"],
        "created_at": iso_time(row["created_ms"]),
        "updated_at": iso_time(row["updated_ms"]),
        "deleted_at": None if deleted is None else iso_time(deleted),
        "metadata_json": _metadata(row),
        "import_key": row["key"],
        **{name: provenance.get(name) for name in _PROVENANCE},
        **{name: row[name] for name in ours},
        "confirmed": bool(row["confirmed"]),
        "pinned": bool(row["pinned"]),
        "seen_at": iso_time(row["seen_ms"]) if row["seen_ms"] else None,
        **({} if row["held"] is None else {"held": bool(row["held"])}),
        "superseded": row["superseded_by"] is not None or bool(metadata.get("superseded")),
    }
