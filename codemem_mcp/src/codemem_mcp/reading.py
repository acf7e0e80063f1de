"""What a person can pull into a conversation: recent memories as resources, a recap as a prompt."""

from __future__ import annotations

from codemem_core.errors import NotFound
from codemem_core.records.memory import Memory
from codemem_core.store import memories
from codemem_core.store.memories import Filter
from codemem_mcp.access import calling, scope
from codemem_mcp.fenced import fenced_text
from codemem_mcp.rows import iso

RECENT = "codemem://recent"
ONE = "codemem://memory/{memory_id}"
_LISTED = 10
_RECENT = 20
_SESSIONS = 5


def listed() -> list[Memory]:
    """Return the newest memories of the project, for a list to choose from."""
    return _newest(_LISTED)


def recent() -> str:
    """Return the newest memories of the project, as Markdown."""
    newest = [_line(memory) for memory in _newest(_RECENT)]
    return f"# Recent memories of {_place()}\n\n" + fenced_text("\n".join(newest))


def one(memory_id: int) -> str:
    """Return one memory in full, as Markdown; raises `NotFound`."""
    with calling().access.read() as db:
        memory = memories.get(db, memory_id)
    if memory is None or not memory.active:
        raise NotFound(f"no such memory: `{memory_id}`")
    calling().access.note_reading("resource", [memory.id], project=memory.project)
    lists = {"Facts": memory.facts, "Files changed": memory.files_modified}
    parts = [f"# {memory.title}", f"{memory.kind}, {iso(memory.created_ms)}"]
    parts += [memory.subtitle, memory.body]
    parts += [f"{name}:\n" + "\n".join(f"- {each}" for each in lines)
              for name, lines in lists.items() if lines]  # fmt: skip
    return fenced_text("\n\n".join(part for part in parts if part))


def recap(focus: str = "") -> str:
    """Tell me where the work on this project stands."""
    summaries = _newest(_SESSIONS, kind="session_summary")
    told = [f"## {memory.title}\n\n{memory.body}" for memory in summaries]
    others = [_line(memory) for memory in _newest(_RECENT)
              if memory.kind != "session_summary"]  # fmt: skip
    about = f", above all about: {focus.strip()}" if focus.strip() else ""
    ask = (
        f"Tell me in a few sentences where the work on {_place()} stands{about}: what was done,"
        " what was decided and why, what is open. Read more with the `memory_*` tools if"
        " something is unclear."
    )
    if not (told or others):
        return f"{ask}\n\nThere are no memories yet."
    heading = ["## Lately", "\n".join(others)] if others else []
    return f"{ask}\n\n" + fenced_text("\n\n".join([*told, *heading]))


def _newest(limit: int, *, kind: str | None = None) -> list[Memory]:
    with calling().access.read() as db:
        kinds = (kind,) if kind else ()
        return memories.page(
            db, Filter(kinds=kinds, project=scope(None), current=True), limit=limit
        )


def _place() -> str:
    return scope(None) or "all projects"


def _line(memory: Memory) -> str:
    return f"- [{memory.id}] ({memory.kind}) {memory.title}"
