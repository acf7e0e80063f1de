"""Build a pack: the few memories that help with what is about to be done.

On the hook path: see the modules it puts together.
"""

from __future__ import annotations

from codemem_core.retrieval.code_state import gone_last
from codemem_core.retrieval.pack import quotes
from codemem_core.retrieval.pack.page import PackPage
from codemem_core.retrieval.pack.query import asked_for, recap_topic
from codemem_core.retrieval.pack.rank import MIN_CONFIDENCE, about, fitting, without_repeats
from codemem_core.retrieval.pack.render import layout, tokens
from codemem_core.retrieval.pack.select import Sections
from codemem_core.retrieval.pack.silence import leant, of_quoted, reasons, why_silent, worth_telling
from codemem_core.retrieval.search import newest, search
from codemem_core.store.tokenize import MAX_TERMS, query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    import apsw

    from codemem_core.retrieval.hit import Found, Hit
    from codemem_core.retrieval.pack.quotes import Part, Quote, Sessions

LIMIT = 8
TOKEN_BUDGET = 800
_RECAP_SUMMARIES = 2


class Pack:
    """What the memory has to say about a context."""

    __slots__ = ("context", "found", "items", "metrics", "quote", "repeats", "silence", "text")

    def __init__(  # noqa: PLR0913 - what it is made of
        self,
        context: str,
        *,
        text: str,
        items: list[Hit],
        quote: Quote | None,
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
        self.quote = quote
        """What is quoted beside them."""
        self.repeats = repeats
        """Ids of memories that say the same as an item, by the item's id."""
        self.silence = ""
        """Why an injected pack is empty, in one line."""
        self.metrics: dict[str, Any] = {
            "items": len(items),
            "pack_tokens": tokens(text),
            "pack_item_ids": [hit.id for hit in items],
            "pack_message_ids": [part.message.id for part in quote.parts] if quote else [],
            "exact_duplicates_collapsed": sum(len(repeats[hit.id]) for hit in items),
        }
        """What hosts and `stats` show of it; tokens are estimated (`render.tokens`)."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that hosts and tools read."""
        return {
            "context": self.context,
            "items": [self._item(hit) for hit in self.items],
            "quotes": [_quoted(part) for part in self.quote.parts] if self.quote else [],
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
            "silence": self.silence,
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
    known: Collection[str] = (),
    now_ms: int | None = None,
) -> Pack:
    """Return what fits `context`, within `limit` entries and `token_budget` tokens.

    `around` is what the work is about, `meaning` how near memories are to both (cosine by id; see
    `query.meant`). `trusted` leaves out what nobody confirmed of the web and imports. `injected`:
    unasked, trusted and fenced; empty below `least_confidence`. `known` is left out.
    """
    trusted |= injected
    topic = recap_topic(context, begun=injected or bool(around))
    asked, unasked = asked_for(context) if topic is None else topic, injected and topic is None
    found = search(
        db,
        asked,
        limit=3 * limit,
        around=around if topic != "" else "",  # asked for all work, not for this session's
        meaning=meaning,
        project=project,
        trusted=trusted,
        working_set=working_set,
        learned=learned,
        now_ms=now_ms,
    )
    telling = (reasons(asked) if unasked else query_terms(asked))[:MAX_TERMS]
    said = quotes.search(db, telling, project=project, trusted=trusted, known=known)
    least = 0.0 if said.sure() else least_confidence
    fit = gone_last(db, fitting(found, least=least) if topic is None else about(found))
    chosen = _worth_telling(db, context, fit, found, said, around) if unasked else fit
    recent = [] if topic is None or fit else _recent(db, limit, project, trusted, injected)
    distinct, repeats = without_repeats(_unknown(recent or chosen, known))
    page = PackPage(token_budget, limit, fenced=injected, is_recap=topic is not None)
    quoted = topic is None and (said.sure() or not (fit or injected))
    page.fill(db, said, distinct, _unknown(fit, known), quoted=quoted)
    why = why_silent(telling, found, fit, chosen, least=least_confidence) if injected else ""
    return _packed(context, page, found, repeats, (limit, project, bool(recent)), why)


def _worth_telling(  # noqa: PLR0913, PLR0917 - what was found, and by what
    db: apsw.Connection, prompt: str, fit: list[Hit], found: Found, said: Sessions, around: str
) -> list[Hit]:
    """Return what a prompt gives a reason to tell, and what the session that answers left.

    When nothing answers how things are done here, the rules of the project may.
    """
    asked = leant(asked_for(prompt), around)
    chosen = worth_telling(fit, found, asked)
    if not said.sure():
        return chosen or _rules_asked_for(db, prompt, said.project)
    said.look_further(db)
    return of_quoted(found, chosen, quotes.memory_sessions(db, said), asked)


def _rules_asked_for(db: apsw.Connection, prompt: str, project: str | None) -> list[Hit]:
    if prompt.isascii() and "?" not in prompt:
        return []
    from codemem_core.retrieval.pack.conventions import (  # noqa: PLC0415 - 2 ms, rarely needed
        rules_asked_for,
    )

    return rules_asked_for(db, prompt, project=project)


def _unknown(hits: list[Hit], known: Collection[str]) -> list[Hit]:
    """Return what the session has not been given yet."""
    return [hit for hit in hits if str(hit.id) not in known]


def _packed(  # noqa: PLR0913, PLR0917 - what it is made of
    context: str,
    page: PackPage,
    found: Found,
    repeats: Mapping[int, list[int]],
    bounds: tuple[int, str | None, bool],
    why: str,
) -> Pack:
    sections = Sections(page.hits, is_recap=page.is_recap, best_first=page.fence[0] != "")
    text = layout(sections, page.lines, page.quote.line() if page.quote else "")
    pack = Pack(
        context,
        text=page.fence[0] + text + page.fence[1] if text else "",
        items=sections.all(),
        quote=page.quote,
        repeats={hit.id: repeats.get(hit.id, []) for hit in page.hits},
        found=found,
    )
    limit, project, is_recent = bounds
    pack.silence = "" if text else why
    pack.metrics |= {"limit": limit, "token_budget": page.budget, "project": project}
    pack.metrics["fallback"] = "recent" if is_recent else None
    return pack


def _quoted(part: Part) -> dict[str, Any]:
    message = part.message
    return {
        "id": f"e{message.id}",
        "role": message.role,
        "text": part.text,
        "created_ms": message.at_ms,
        "source": message.source,
        "stream_id": message.stream_id,
    }


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


def _recent(
    db: apsw.Connection,
    limit: int,
    project: str | None,
    trusted: bool,
    injected: bool,
) -> list[Hit]:
    """Return where the work stands: the newest summaries, else the newest memories.

    Unasked only one is told.
    """
    most = 1 if injected else limit
    return newest(
        db,
        limit=min(most, _RECAP_SUMMARIES),
        project=project,
        kind="session_summary",
        trusted=trusted,
    ) or newest(db, limit=most, project=project, trusted=trusted)
