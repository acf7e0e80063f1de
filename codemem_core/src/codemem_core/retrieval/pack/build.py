"""Build a pack: the few memories that help with what is about to be done.

On the hook path: see the modules it puts together.
"""

from __future__ import annotations

from codemem_core.retrieval.pack.query import recap_topic
from codemem_core.retrieval.pack.rank import MIN_CONFIDENCE, about, fitting, without_repeats
from codemem_core.retrieval.pack.render import fence, layout, line, tokens
from codemem_core.retrieval.pack.select import Sections
from codemem_core.retrieval.search import newest, search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    import apsw

    from codemem_core.retrieval.hit import Found, Hit

LIMIT = 8
TOKEN_BUDGET = 800
# A shorter line says too little; with less to share, fewer memories get a place.
_LINE_TOKENS = 60
_RECAP_SUMMARIES = 2


class Pack:
    """What the memory has to say about a context."""

    __slots__ = ("context", "found", "items", "metrics", "repeats", "text")

    def __init__(
        self,
        context: str,
        *,
        text: str,
        items: list[Hit],
        repeats: dict[int, list[int]],
        found: Found,
    ) -> None:
        self.context = context
        self.found = found
        """What the search answered, chosen or not."""
        self.text = text
        """Markdown with the sections Summary, Timeline and Observations; empty: nothing fits."""
        self.items = items
        """The memories in the order they are printed, with the reasons for their place."""
        self.repeats = repeats
        """Ids of memories that say the same as an item, by the item's id."""
        self.metrics: dict[str, Any] = {
            "items": len(items),
            "pack_tokens": tokens(text),
            "pack_item_ids": [hit.id for hit in items],
            "exact_duplicates_collapsed": sum(len(repeats[hit.id]) for hit in items),
        }
        """What hosts and `stats` show of it; tokens are estimated (`render.tokens`)."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that hosts and tools read."""
        return {
            "context": self.context,
            "items": [self._item(hit) for hit in self.items],
            "pack_text": self.text,
            "metrics": self.metrics,
        }

    def explain(self) -> dict[str, Any]:
        """Return why it holds what it holds: each score's parts, and what is left out."""
        repeats = {one for ids in self.repeats.values() for one in ids}
        chosen = {hit.id for hit in self.items}
        fit = {hit.id for hit in fitting(self.found)}
        return {
            "terms": self.found.terms,
            "confidence": round(self.found.confidence, 3),
            "least_confidence": MIN_CONFIDENCE,
            "items": [_reasons(hit) for hit in self.items],
            "left_out": [
                {**_reasons(hit), "why": _why(hit, fit, repeats)}
                for hit in self.found
                if hit.id not in chosen
            ],
        }

    def _item(self, hit: Hit) -> dict[str, Any]:
        repeats = self.repeats.get(hit.id, [])
        return {
            "id": hit.id,
            "kind": hit.kind,
            "title": hit.title,
            "body": hit.body,
            "confidence": hit.confidence,
            "tags": hit.tags,
            "metadata": {
                "origin": hit.origin,
                "confirmed": hit.confirmed,
                "project": hit.project,
                "session_id": hit.session_id,
                "created_ms": hit.created_ms,
            },
            "support_count": hit.support + len(repeats),
            "duplicate_ids": repeats,
        }


def build_pack(  # noqa: PLR0913 - each a setting that callers know by name
    db: apsw.Connection,
    context: str,
    *,
    around: str = "",
    meaning: Mapping[int, float] | None = None,
    limit: int = LIMIT,
    token_budget: int = TOKEN_BUDGET,
    project: str | None = None,
    working_set: Iterable[str] = (),
    trusted: bool = False,
    injected: bool = False,
    learned: bool = True,
    least_confidence: float = MIN_CONFIDENCE,
    now_ms: int | None = None,
) -> Pack:
    """Return the memories that fit `context`, within `limit` items and `token_budget` tokens.

    `around` is what the work is about beside it; only a context of hardly any words leans on it.
    `meaning` is how near memories are to both by an embedder (cosine by id; see `query.meant`).
    `trusted` leaves out what came from the web or an import and nobody confirmed. `injected`: it
    goes into a prompt unasked. Then it is trusted, and stands in a fence that says it is data.
    Below `least_confidence` (0 to 1) that the store knows an answer, a pack stays empty.
    """
    trusted = trusted or injected
    topic = recap_topic(context, begun=bool(around))
    found = search(
        db,
        context if topic is None else topic,
        limit=3 * limit,
        around="" if topic == "" else around,  # all of the work: that of this session is no hint
        meaning=meaning,
        project=project,
        trusted=trusted,
        working_set=working_set,
        learned=learned,
        now_ms=now_ms,
    )
    fit = fitting(found, least=least_confidence) if topic is None else about(found)
    recent = _recent(db, limit, project, trusted=trusted) if topic is not None and not fit else []
    distinct, repeats = without_repeats([*recent, *fit])
    start, end = fence() if injected else ("", "")
    room = token_budget - tokens(start + layout(Sections([]), {}) + end)
    lines = _choose(distinct, limit=limit, room=room, is_recap=topic is not None)
    sections = Sections([hit for hit in distinct if hit.id in lines])
    text = start + layout(sections, lines) + end if lines else ""
    pack = Pack(context, text=text, items=sections.all(), repeats=repeats, found=found)
    asked = {"limit": limit, "token_budget": token_budget, "project": project}
    pack.metrics |= {**asked, "fallback": "recent" if recent else None}
    return pack


def _reasons(hit: Hit) -> dict[str, Any]:
    parts = {name: round(value, 4) for name, value in hit.parts.items()}
    known = {"id": hit.id, "title": hit.title, "score": round(hit.score, 4)}
    return {**known, "parts": parts, "matched": list(hit.matched)}


def _why(hit: Hit, fit: set[int], repeats: set[int]) -> str:
    if hit.outdated_by is not None:
        return f"memory {hit.outdated_by} says otherwise since"
    if hit.id in repeats:
        return "says the same as another"
    return "no place left" if hit.id in fit else "not sure enough that it answers"


def _recent(db: apsw.Connection, limit: int, project: str | None, *, trusted: bool) -> list[Hit]:
    """Return where the work stands: the newest summaries, else the newest memories."""
    kind = "session_summary"
    return newest(
        db, limit=_RECAP_SUMMARIES, project=project, kind=kind, trusted=trusted
    ) or newest(db, limit=limit, project=project, trusted=trusted)


def _choose(hits: list[Hit], *, limit: int, room: int, is_recap: bool) -> dict[int, str]:
    """Return the lines of the memories that get a place, by id; each gets its share of `room`."""
    lines: dict[int, str] = {}
    for at, hit in enumerate(hits):
        places = min(limit - len(lines), len(hits) - at)
        if places <= 0:
            break
        share = min(room, max(_LINE_TOKENS, room // places))
        text = line(hit, room=share - 1, is_recap=is_recap)  # 1: its line break
        if text:
            lines[hit.id] = text
            room -= tokens(text) + 1
    return lines
