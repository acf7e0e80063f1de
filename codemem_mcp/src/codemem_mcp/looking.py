"""Tools that find memories and show them; each docstring is what the model reads."""

from __future__ import annotations

from typing import cast

from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.search import search
from codemem_core.store import memories
from codemem_mcp import rows
from codemem_mcp.access import MOST_ITEMS, bounded, calling, scope
from codemem_mcp.filters import TRUSTED, UNREVIEWED, Filters, filtered, filtered_by_trust
from codemem_mcp.shapes import Hits, Index, MemoryId, PackText, RowOrError, Rows, Timeline, Widening


@filtered_by_trust
def memory_search_index(
    query: str,
    limit: int = 8,
    kind: str | None = None,
    project: str | None = None,
    *,
    filters: Filters,
) -> Index:
    """Find memories of earlier sessions; start here.

    Returns ids, titles and scores only: look at the promising ones with `memory_timeline` or
    `memory_expand`, read them with `memory_get`. Searches the current project; `project` names
    another one, `project: "*"` searches all of them. `kind` keeps one kind, for example
    `decision` or `bugfix`.
    """
    hits = _search(query, limit=limit, kind=kind, project=project, filters=filters)
    return {"items": [rows.indexed(hit) for hit in hits], "widening": _widening(hits, filters)}


@filtered_by_trust
def memory_search(
    query: str,
    limit: int = 5,
    kind: str | None = None,
    project: str | None = None,
    *,
    filters: Filters,
) -> Hits:
    """Find memories of earlier sessions, with their text.

    Costs more tokens than `memory_search_index`. Searches the current project; `project` names
    another one, `project: "*"` searches all of them.
    """
    hits = _search(query, limit=limit, kind=kind, project=project, filters=filters)
    return {"items": [rows.found(hit) for hit in hits], "widening": _widening(hits, filters)}


def memory_get(memory_id: MemoryId) -> RowOrError:
    """Read one memory in full, by the id that a search returned."""
    with calling().access.read() as db:
        memory = memories.get(db, memory_id)
    if memory is None:
        return {"error": "not_found"}
    calling().access.note_reading("memory_get", [memory.id], project=memory.project)
    return cast("RowOrError", rows.row(memory))


def memory_get_observations(ids: list[MemoryId]) -> Rows:
    """Read several memories in full, by their ids; forgotten ones too, with `active: false`."""
    wanted = list(dict.fromkeys(ids))[:MOST_ITEMS]
    with calling().access.read() as db:
        found = [memory for one in wanted if (memory := memories.get(db, one))]
    read = [memory.id for memory in found]
    calling().access.note_reading("memory_get_observations", read, project=scope(None))
    return {"items": [rows.row(memory) for memory in found]}


@filtered
def memory_recent(
    limit: int = 8,
    kind: str | None = None,
    project: str | None = None,
    *,
    filters: Filters,
) -> Rows:
    """List the newest memories, newest first.

    Lists the current project; `project` names another one, `project: "*"` lists all of them.
    """
    most, place = bounded(limit), scope(project)
    with calling().access.read() as db:
        newest = memories.recent(db, limit=most, kind=kind, project=place)
    return {"items": [rows.row(memory) for memory in filters.keep(newest, most)]}


@filtered
def memory_timeline(
    query: str | None = None,
    memory_id: MemoryId | None = None,
    depth_before: int = 3,
    depth_after: int = 3,
    project: str | None = None,
    *,
    filters: Filters,
) -> Timeline:
    """Show what happened before and after a memory in the same session, oldest first.

    The memory is `memory_id`, or the best hit of `query`. Each comes with the prompt it came
    from, where that is still kept.
    """
    with calling().access.read() as db:
        if memory_id is None and query:
            near = calling().access.near(db, query, scope(project))
            best = search(db, query, limit=1, meaning=near, project=scope(project))
            memory_id = best[0].id if best else None
        anchor = memories.get(db, memory_id) if memory_id is not None else None
        if anchor is None:
            return {"items": []}
        before, after = bounded(depth_before, least=0), bounded(depth_after, least=0)
        found = memories.around(db, anchor, before=before, after=after)
        kept = filters.keep(found, len(found))
        return {"items": [rows.moment(db, memory) for memory in kept]}


@filtered_by_trust
def memory_pack(
    context: str,
    limit: int | None = None,
    project: str | None = None,
    *,
    filters: Filters,
) -> PackText:
    """Gather what earlier sessions know about a task, as one text ready to read.

    `context` says what you are about to do. Covers the current project; `project` names another
    one, `project: "*"` covers all of them.
    """
    settings, place = calling().access.settings, scope(project)
    most = bounded(limit if limit is not None else settings.number("inject_limit"))
    with calling().access.read() as db:
        pack = build_pack(
            db,
            context if filters.passes(trust=TRUSTED) else "",
            meaning=calling().access.near(db, context, place),
            limit=most,
            token_budget=settings.number("inject_token_budget"),
            project=place,
            trusted=not filters.passes(trust=UNREVIEWED),
            learned=settings.flag("learning"),
        )
    return cast("PackText", pack.to_json())


def _search(
    query: str, *, limit: int, kind: str | None, project: str | None, filters: Filters
) -> list[Hit]:
    place, most = scope(project), bounded(limit)
    with calling().access.read() as db:
        hits = search(
            db,
            query,
            limit=2 * MOST_ITEMS if filters.some else most,
            meaning=calling().access.near(db, query, place),
            project=place,
            kind=kind,
            learned=calling().access.settings.flag("learning"),
        )
    return filters.keep(sorted(hits, key=lambda hit: filters.penalty(hit) - hit.score), most)


def _widening(hits: list[Hit], filters: Filters) -> Widening:
    least = filters.given.get("widen_shared_min_personal_score") or 0.0
    return {
        "widening_applied": False,
        "personal_result_count": len(hits),
        "shared_result_count": 0,
        "strong_personal_result_count": sum(hit.score >= least for hit in hits),
    }
