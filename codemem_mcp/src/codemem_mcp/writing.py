"""Tools that write, and tools that say how to use the others; each docstring is for the model."""

from __future__ import annotations

from typing import cast

from codemem_core.distil import manual
from codemem_core.distil.manual import Note
from codemem_core.errors import NotFound
from codemem_core.records.memory import KINDS
from codemem_mcp import guide
from codemem_mcp.access import calling, scope
from codemem_mcp.filters import NAMES
from codemem_mcp.shapes import Guide, MemoryId, Remembered, Schema, Status


def memory_remember(
    kind: str,
    title: str,
    body: str,
    confidence: float = 0.5,
    project: str | None = None,
) -> Remembered:
    """Keep something that a later session should know.

    Write what cannot be read from the code: a decision and its reason, a dead end, a
    preference. `kind` is one of those that `memory_schema` lists, often `decision`,
    `discovery`, `bugfix` or `note`. Leave secrets out. Where it came from outside (`waits` is
    true), later sessions are told it only once a person has confirmed it.
    """
    caller = calling().caller
    note = Note(
        kind=kind,
        title=title,
        body=body,
        origin="agent",
        session=caller.session,
        confidence=confidence,
        extractor="mcp",
        key=caller.call,
    )
    place = {"project": scope(project), "cwd": caller.cwd}
    with calling().access.open() as store:
        memory_id = manual.remember(store, note, by="mcp", **place)
        waits = manual.waits(store, memory_id)
    return {"id": memory_id, "waits": True} if waits else {"id": memory_id}


def memory_forget(memory_id: MemoryId) -> Status:
    """Take a memory out of searches and packs, because it is wrong or outdated.

    A person can take that back with `codemem undo`. What a person wrote or confirmed stays until
    they agree (status `proposed`).
    """
    try:
        with calling().access.open() as store:
            done = manual.forget_for_agent(store, memory_id, by="mcp")
    except NotFound as error:  # clients of 0.19 rely on `ok`; the model should notice all the same
        return {"status": "ok", "message": str(error)}
    return {"status": "ok" if done else "proposed"}


def memory_schema() -> Schema:
    """Describe memories: their kinds, their fields, and what the tools can filter by."""
    return {
        "kinds": list(KINDS),
        "fields": dict(guide.FIELDS),
        "filters": ["kind", "project", *NAMES],
    }


def memory_learn() -> Guide:
    """Explain when to look into the memory, when to write to it, and how; read it once."""
    return cast("Guide", guide.GUIDE)
