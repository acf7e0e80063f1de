"""Search: the memories that answer a query best, with the reasons for their order.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

import time

import apsw

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval.candidates import best_ids, context_terms, evidence, scan_for
from codemem_core.retrieval.hit import COLUMNS, Found, Hit
from codemem_core.retrieval.score import confidence, idf, score
from codemem_core.retrieval.term_match import Match
from codemem_core.store.conditions import CURRENT, WANTED
from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import ORDERS, leans, query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from codemem_core.retrieval.candidates import Scan, Term

# Enough neighbours for the session parts: 60 cost 0.001 of recall, in long conversations 0.007.
_MIN_POOL = 100
_MAX_POOL = 200
# How much a word of the session counts that a prompt leans on, against one of its own. At 0.5 the
# packs of two-word prompts are as good, and fewer questions of others are met with silence.
_LEANT = 0.3


_BY_ID = f"""
    SELECT {COLUMNS} FROM memories m
     WHERE m.id IN (SELECT value FROM json_each(:ids)) AND {WANTED}
"""  # noqa: S608 - constants of ours
# About as many as are searched, read from an index alone. Bounded: more than were ever judged.
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM memories m WHERE m.active = 1{} LIMIT 5000)"
_NEWEST = f"""
    SELECT {COLUMNS} FROM memories m WHERE {WANTED}
       AND {CURRENT}
     ORDER BY m.created_ms DESC, m.id DESC LIMIT :limit
"""  # noqa: S608 - constants of ours


def search(  # noqa: PLR0913 - each a filter that callers know by name
    db: apsw.Connection,
    query: str,
    *,
    limit: int,
    around: str = "",
    meaning: Mapping[int, float] | None = None,
    project: str | None = None,
    kind: str | None = None,
    trusted: bool = False,
    working_set: Iterable[str] = (),
    prefix: bool = False,
    learned: bool = True,
    now_ms: int | None = None,
) -> Found:
    """Find the memories that answer `query`; any text is a safe query.

    `meaning` is how near memories are to it by an embedder (cosine by id): they need no common
    word. `around` is what the work is about beside the query: memories that speak of it too rise.
    A query of hardly any telling words ("fix it") also asks for that, but its own words count more.
    `trusted` leaves out what came from the web or an import and nobody confirmed. `working_set`
    are paths being worked on: memories of changes to them rise. `learned`: what was used counts.
    """
    own = query_terms(query)
    asked = query_terms(f"{query} {around}") if leans(query) else own
    if not asked or limit <= 0:
        return Found([], asked, 0.0)
    scan = scan_for(db, asked, prefix=prefix)
    shares = _shares(own, asked)
    rare = [idf(term.count, scan.total) for term in scan.terms]
    weights = [weight * share for weight, share in zip(rare, shares, strict=True)]
    context = context_terms(db, [t for t in query_terms(around) if t not in asked], scan.total)
    pool = min(max(4 * limit, _MIN_POOL), max(limit, _MAX_POOL))
    wanted = {"project": project, "kind": kind, "trusted": trusted, "limit": pool}
    matches = _matches(db, scan, context, meaning or (), wanted)
    score(
        matches,
        weights,
        context=[idf(term.count, scan.total) for term in context],
        meaning=meaning or {},
        working_set=working_set,
        learned=learned,
        now_ms=now_ms or time.time_ns() // 1_000_000,
    )
    matches.sort(key=lambda one: (-one.hit.score, -one.hit.created_ms, -one.hit.id))
    among, near = _count(db, project=project, kind=kind), meaning or {}
    sure = confidence(matches, weights, shares=shares, among=among, meaning=near)
    apart = _told_apart(asked, rare, most=idf(1, scan.total))
    best = (match.hit for match in matches[:limit])
    return Found(best, asked, sure, near=near, weights=apart)


def _count(db: apsw.Connection, *, project: str | None, kind: str | None) -> int:
    """Return about how many memories chance had a try at."""
    wanted = " AND m.kind = :kind" if kind else " AND m.project = :project" if project else ""
    return int(rows(db, _COUNT.format(wanted), {"project": project, "kind": kind})[0][0])


def _told_apart(terms: list[str], weights: list[float], *, most: float) -> dict[str, float]:
    """Return how well each term tells memories apart: 1 for one that stands in a single one."""
    return {term: weight / most for term, weight in zip(terms, weights, strict=True)}


def _shares(own: list[str], asked: list[str]) -> list[float]:
    """Return how much each term counts, 1 at most: less what is leant on, or an order ("fix")."""
    if len(asked) == len(own):
        return [1.0] * len(asked)
    told = set(asked).intersection(own).difference(ORDERS) or set(asked).difference(own)
    return [1.0 if term in told else _LEANT for term in asked]


def newest(
    db: apsw.Connection,
    *,
    limit: int,
    project: str | None = None,
    kind: str | None = None,
    trusted: bool = False,
) -> list[Hit]:
    """Return the newest memories that no newer one outdates, newest first, with a score of 0."""
    wanted = {"project": project, "kind": kind, "trusted": trusted, "limit": limit}
    return [Hit(row) for row in rows(db, _NEWEST, wanted)]


def _matches(
    db: apsw.Connection,
    scan: Scan,
    context: list[Term],
    near: Collection[int],
    wanted: dict[str, Any],
) -> list[Match]:
    """Return what the words find, and what is near in meaning, with what matched."""
    told = evidence(db, scan, context, best_ids(db, scan, wanted))
    matches = [Match(Hit(row), row[-1]) for row in told]
    if near:
        ids = quick_json.write(list(set(near).difference(row[0] for row in told)))
        matches += [Match(Hit(row)) for row in rows(db, _BY_ID, {**wanted, "ids": ids})]
    for match in matches:
        match.hit.matched = tuple(
            term.text for at, term in enumerate(scan.terms) if match.words >> at & 1
        )
    return matches
