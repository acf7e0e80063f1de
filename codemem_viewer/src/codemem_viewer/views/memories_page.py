"""Memories: all of them, newest first, or those that answer a search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import apsw
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError
from codemem_core.records.memory import Memory
from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.search import search
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.memories import BY_HAND, Filter
from codemem_core.store.tokenize import query_terms
from codemem_viewer.negotiate import shown
from codemem_viewer.paging import mark, place

PAGE = 30
FOUND = 60
"""Memories that a search shows; whoever needs more asks for something else."""
_POOL = 200
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address of the page says."""

    q: str = ""
    kind: str = ""
    project: str = ""
    host: str = ""
    since: str = ""
    until: str = ""

    def filter(self) -> Filter:
        """Return it as the store wants it; raises `InputError` for a date that is none."""
        return Filter(
            kinds=(self.kind,) if self.kind else (),
            project=self.project or None,
            host=self.host or None,
            since_ms=_day_ms("since", self.since),
            until_ms=_day_ms("until", self.until, days=1),
        )


@get("/api/pages/memories", sync_to_thread=True)
def page(  # noqa: PLR0913, PLR0917 - one parameter a query field
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    meaning: NamedDependency[Meaning],
    settings: NamedDependency[Settings],
    q: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    project: FromQuery[str] = "",
    host: FromQuery[str] = "",
    since: Annotated[str, QueryParameter(description="First day, YYYY-MM-DD")] = "",
    until: Annotated[str, QueryParameter(description="Last day, YYYY-MM-DD")] = "",
    after: Annotated[str, QueryParameter(description="`next` of the page before")] = "",
) -> Response[Any]:
    """Show a page of memories, or the best answers to `q`."""
    asked = Asked(q=q.strip(), kind=kind, project=project, host=host, since=since, until=until)
    with store.read() as db:
        learned = settings.flag("learning")
        values = _found(db, meaning, asked, learned) if asked.q else _page(db, asked, after)
        values |= {
            "asked": asked,
            "kinds": sessions.kinds(db),
            "projects": sessions.projects(db),
            "hosts": [*sessions.hosts(db), BY_HAND],
        }
    return shown(request, "more.html" if after and not asked.q else "memories.html", values)


def _page(db: apsw.Connection, asked: Asked, after: str) -> dict[str, Any]:
    wanted = asked.filter()
    found = memories.page(db, wanted, limit=PAGE + 1, after=place(after))
    shown_now = found[:PAGE]
    first = not after
    is_all = asked == Asked()
    return {
        "memories": shown_now,
        "why": {},
        "words": (),
        "pinned": memories.page(db, Filter(pinned=True), limit=PAGE) if first and is_all else [],
        "next": mark(shown_now[-1].created_ms, shown_now[-1].id) if len(found) > PAGE else None,
        "is_new": first and is_all and not found,
    }


def _found(db: apsw.Connection, meaning: Meaning, asked: Asked, learned: bool) -> dict[str, Any]:
    """Search everything as agents do; half a word that is being typed finds what begins like it.

    Few of the best answers may fit host and dates: then what holds all the words is looked for.
    """
    wanted = asked.filter()
    project = asked.project or None
    near = meaning.near(db, asked.q, project=project)
    hits = search(
        db,
        asked.q,
        limit=_POOL,
        meaning=near,
        project=project,
        kind=asked.kind or None,
        prefix=True,
        learned=learned,
    )
    found: dict[int, Memory] = {}
    why: dict[int, Any] = {}
    for hit in hits:
        memory = memories.get(db, hit.id)
        if memory is not None and _fits(memory, wanted):
            found[hit.id] = memory
            why[hit.id] = {"score": hit.score, "parts": hit.parts, "matched": hit.matched}
        if len(found) == FOUND:
            break
    words = [term.replace('"', "") for term in query_terms(asked.q)]
    if len(found) < _FEW and words:
        more = memories.starting_with(db, words, wanted, limit=PAGE)
        found |= {memory.id: memory for memory in more if memory.id not in found}
    shown_now = list(found.values())
    values = {"memories": shown_now, "why": why, "words": query_terms(asked.q)}
    return values | {"pinned": [], "next": None, "is_new": False}


def _fits(memory: Memory, wanted: Filter) -> bool:
    if wanted.host is not None and (memory.source or BY_HAND) != wanted.host:
        return False
    if wanted.since_ms is not None and memory.created_ms < wanted.since_ms:
        return False
    return wanted.until_ms is None or memory.created_ms < wanted.until_ms


def _day_ms(name: str, text: str, *, days: int = 0) -> int | None:
    """Return when a day of this machine's time zone begins, epoch milliseconds."""
    if not text:
        return None
    try:
        begins = datetime.combine(date.fromisoformat(text) + timedelta(days=days), time())
        return int(begins.timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{name} must be a date like 2026-11-22") from error


router = Router("/", route_handlers=[page], tags=["pages"])
