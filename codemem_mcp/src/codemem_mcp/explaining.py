"""Tools that go from ids to what surrounds them, and say why something was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.select import Sections
from codemem_core.retrieval.search import search
from codemem_core.store import memories
from codemem_mcp import rows
from codemem_mcp.access import MOST_ITEMS, bounded, calling, scope
from codemem_mcp.filters import Filters, filtered
from codemem_mcp.ids import Named, named
from codemem_mcp.shapes import Expanded, Explanation, Moment, Problem

if TYPE_CHECKING:
    import apsw

    from codemem_core.records.memory import Memory

_NOTHING_ASKED: Problem = {
    "code": "INVALID_ARGUMENT",
    "field": "query",
    "message": "give a query, ids, or both",
}


def memory_expand(
    ids: list[int | str | float],
    depth_before: int = 3,
    depth_after: int = 3,
    include_observations: bool = False,
    project: str | None = None,
) -> Expanded:
    """Show several memories with what happened around each, oldest first.

    The step between `memory_search_index` and `memory_get`. `include_observations` adds the
    whole text of everything shown. `project: ""` takes ids of every project.
    """
    place = scope(project)
    before, after = bounded(depth_before, least=0), bounded(depth_after, least=0)
    with calling().access.read() as db:
        known = named(db, ids, project=place, filters=Filters())
        around = _around(db, known.memories, before=before, after=after)
        timeline = [rows.moment(db, memory) for memory in around]
    read = [memory.id for memory in (around if include_observations else known.memories)]
    calling().access.note_reading("memory_expand", read, project=place)
    return _expanded(known, timeline, around if include_observations else [], place)


@filtered
def memory_explain(
    query: str | None = None,
    ids: list[int | str | float] | None = None,
    limit: int = 10,
    project: str | None = None,
    include_pack_context: bool = False,
    *,
    filters: Filters,
) -> Explanation:
    """Say why memories answer a query: each score's parts and the words that matched.

    `query` explains its best hits, `ids` certain memories; together, what the query makes of
    them. `include_pack_context` says whether each would be in the query's pack.
    """
    place, asked = scope(project), (query or "").strip()
    with calling().access.read() as db:
        known = named(db, ids or [], project=place, filters=filters)
        near = calling().access.near(db, asked, place)
        learned = calling().access.settings.flag("learning")
        hits = search(db, asked, limit=2 * MOST_ITEMS, meaning=near, project=place, learned=learned)
        context = _Context(
            project=place,
            by_query={hit.id: (rank, hit) for rank, hit in enumerate(hits, 1)},
            named=frozenset(memory.id for memory in known.memories),
            sections=_sections(db, asked, near, place) if include_pack_context else None,
        )
    best = filters.keep(hits, bounded(limit)) if asked else []
    shown: dict[int, Memory | Hit] = {hit.id: hit for hit in best}
    shown |= {memory.id: memory for memory in known.memories if memory.id not in shown}
    return {
        "items": [context.explain(memory) for memory in shown.values()],
        "missing_ids": known.missing,
        "errors": [*([] if asked or ids else [_NOTHING_ASKED]), *known.errors],
        "metadata": {
            "query": query,
            "project": place,
            "requested_ids_count": known.asked,
            "returned_items_count": len(shown),
            "include_pack_context": include_pack_context,
        },
    }


def _around(db: apsw.Connection, anchors: list[Memory], *, before: int, after: int) -> list[Memory]:
    """Return what happened around several memories, each once, oldest first."""
    found = {
        memory.id: memory
        for anchor in anchors
        for memory in memories.around(db, anchor, before=before, after=after)
    }
    return sorted(found.values(), key=lambda memory: (memory.created_ms, memory.id))


def _expanded(
    known: Named, timeline: list[Moment], whole: list[Memory], project: str | None
) -> Expanded:
    return {
        "anchors": [rows.row(memory) for memory in known.memories],
        "timeline": timeline,
        "observations": [rows.row(memory) for memory in whole],
        "missing_ids": known.missing,
        "errors": known.errors,
        "metadata": {
            "project": project,
            "requested_ids_count": known.asked,
            "returned_anchor_count": len(known.memories),
            "timeline_count": len(timeline),
            "include_observations": bool(whole),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What an explanation compares a memory with."""

    project: str | None
    by_query: Mapping[int, tuple[int, Hit]]
    """Rank, from 1, and hit of everything the query finds, by id."""
    named: frozenset[int]
    sections: Mapping[int, str] | None
    """The section of the pack each memory of it stands in; None when nobody asked."""

    def explain(self, memory: Memory | Hit) -> dict[str, Any]:
        """Return where a memory came from, its score, what matched."""
        rank, hit = self.by_query.get(memory.id, (None, None))
        ways = [("query", hit is not None), ("id_lookup", memory.id in self.named)]
        return {
            "id": memory.id,
            "kind": memory.kind,
            "title": memory.title,
            "created_at": rows.iso(memory.created_ms),
            "project": memory.project,
            "retrieval": {"source": "+".join(way for way, is_so in ways if is_so), "rank": rank},
            "score": {"total": round(hit.score, 4) if hit else None, "components": _parts(hit)},
            "matches": {
                "query_terms": list(hit.matched) if hit else [],
                "project_match": self.project is None or memory.project == self.project,
            },
            "pack_context": None if self.sections is None else self._placed(memory.id),
        }

    def _placed(self, memory_id: int) -> dict[str, Any]:
        section = (self.sections or {}).get(memory_id)
        return {"included": section is not None, "section": section}


def _parts(hit: Hit | None) -> dict[str, float | None]:
    """Return each reason's part of a score, and the five that clients of other versions know."""
    parts = {name: round(value, 4) for name, value in (hit.parts if hit else {}).items()}
    apart = ("recency", "kind", "meaning")
    return {
        **parts,
        "base": round(sum(value for name, value in parts.items() if name not in apart), 4),
        "recency": parts.get("recency", 0.0),
        "kind_bonus": parts.get("kind", 0.0),
        "personal_bias": 0.0,
        "semantic_boost": parts.get("meaning"),
    }


def _sections(
    db: apsw.Connection, query: str, near: dict[int, float], project: str | None
) -> dict[int, str]:
    """Return in which section of the query's pack each of its memories stands."""
    learned = calling().access.settings.flag("learning")
    pack = build_pack(db, query, meaning=near, project=project, learned=learned)
    sections = Sections(pack.items)
    names = ("summary", "timeline", "observations")
    return {hit.id: name for name in names for hit in getattr(sections, name)}
