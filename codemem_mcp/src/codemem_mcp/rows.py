"""Memories as the JSON objects that tools return."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from codemem_core.store.timeline import prompt_of

if TYPE_CHECKING:
    import apsw

    from codemem_core.records.memory import Memory
    from codemem_core.retrieval.hit import Hit
    from codemem_mcp.shapes import Found, Indexed, LinkedPrompt, Moment, Row


def row(memory: Memory) -> Row:
    """Return a memory in full; times are ISO 8601 in UTC, lists are lists."""
    fields = asdict(memory)
    fields["body_text"] = fields.pop("body")
    fields["tags_text"] = " ".join(fields.pop("tags"))
    fields["metadata_json"] = fields.pop("metadata")
    for name in ("created", "updated"):
        fields[f"{name}_at"] = iso(fields.pop(f"{name}_ms"))
    seen_ms = fields.pop("seen_ms")
    fields["seen_at"] = iso(seen_ms) if seen_ms else None
    return cast("Row", fields)


def moment(db: apsw.Connection, memory: Memory) -> Moment:
    """Return a memory in full, with the prompt it came from."""
    asked = prompt_of(db, memory.id)
    linked: LinkedPrompt | None = None
    if asked is not None:
        linked = {
            "id": asked.id,
            "prompt_text": asked.text,
            "prompt_number": asked.number,
            "created_at": iso(asked.at_ms),
        }
    return cast("Moment", {**row(memory), "linked_prompt": linked})


def found(hit: Hit) -> Found:
    """Return a search hit with its body."""
    return {
        "id": hit.id,
        "title": hit.title,
        "kind": hit.kind,
        "body": hit.body,
        "confidence": hit.confidence,
        "score": round(hit.score, 4),
        "session_id": hit.session_id,
        "metadata": _metadata(hit),
    }


def indexed(hit: Hit) -> Indexed:
    """Return a search hit in short: enough to decide whether to read it."""
    return {
        "id": hit.id,
        "kind": hit.kind,
        "title": hit.title,
        "score": round(hit.score, 4),
        "created_at": iso(hit.created_ms),
        "session_id": hit.session_id,
        "metadata": _metadata(hit),
    }


def iso(ms: int) -> str:
    """Return epoch milliseconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def _metadata(hit: Hit) -> dict[str, Any]:
    """Say where a hit came from: a reader must know what nobody vouched for."""
    return {"project": hit.project, "origin": hit.origin, "confirmed": hit.confirmed}
