"""How good an answer is: a sum of named parts, measured on judged queries.

On the hook path: `itertools`, `json` and `math` only.
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import exp, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codemem_core.store.evidence import Match
    from codemem_core.store.search import Hit

# What each part may add. Chosen by leaving out one corpus after the other: words to neighbours.
# Recency above 0.1 costs recall there; files, context and kind are not measured.
WEIGHTS = {
    "words": 1.0,  # BM25, the best hit of the query = 1
    "phrases": 0.4,  # neighbouring words of the query that stand together, as a BM25
    "near": 0.5,  # pairs of them within 10 words, in the title more than in the body
    "coverage": 0.3,  # share of the query's terms that occur
    "title": 0.4,  # share of the title's words that are in the query
    "brief": 0.3,  # 1/2 for a memory of average length, more for a shorter one
    "session": 0.5,  # the best of the text parts in the same session
    "neighbours": 0.25,  # and in what was written just before or after
    "meaning": 1.1,  # cosine by an embedder, the nearest = 1; the text parts then share 1.3
    "context": 0.15,  # BM25 of what the work is about beside the query
    "recency": 0.03,  # 1 now, a half after 30 days
    "kind": 0.02,
    "files": 0.2,  # files it changed that are being worked on
}
_BEST_TEXT = 1.3
# A cosine so much below the best one says nothing any more.
_SPAN = 0.15
_FULL_SCORE = sum(WEIGHTS.values())
_IN_TITLE = 0.4
# Two words that stand together count as a word 1.5 times as telling as both.
_PHRASE = 1.5 * 2.2
_KINDS = {"session_summary": 1.0, "decision": 0.8, "feature": 0.7, "bugfix": 0.7, "refactor": 0.7}
_OTHER_KIND = 0.5
_DAY_MS = 86_400_000


def idf(count: int, total: int) -> float:
    """Return how much a word tells that stands in `count` of `total` memories; more than 0."""
    return log(1 + (max(0, total - count) + 0.5) / (count + 0.5))


def score(  # noqa: PLR0913 - each a source of parts
    matches: list[Match],
    weights: list[float],
    *,
    context: list[float],
    meaning: Mapping[int, float],
    working_set: Iterable[str],
    now_ms: int,
) -> None:
    """Fill in the parts of each hit and their sum; `weights` of the terms and of the context's."""
    _score_text([match for match in matches if match.words], weights)
    if meaning:
        _score_meaning([match.hit for match in matches], meaning)
    _score_session([match.hit for match in matches])
    beside = [match.bm25(context, first=len(weights)) for match in matches]
    most = max(beside, default=0.0) or 1.0
    paths = [_segments(path) for path in working_set]
    for match, said in zip(matches, beside, strict=True):
        hit = match.hit
        if context:
            _add(hit, "context", said / most)
        age_days = max(0, now_ms - hit.created_ms) / _DAY_MS
        _add(hit, "recency", 1 / (1 + age_days / 30))
        _add(hit, "kind", _KINDS.get(hit.kind, _OTHER_KIND))
        if paths:
            _add(hit, "files", _overlap(json.loads(hit.files_modified), paths))


def confidence(
    matches: list[Match], weights: list[float], *, among: int, meaning: Mapping[int, float]
) -> float:
    """Return how likely it is, 0 to 1, that the best hits answer the query; best first.

    Fitted to 2,021 judged questions and 5,400 asked of a store of another project, of 5 to 4,000
    memories: how much of the query stands in the best hit and in its title, how many terms there
    were to miss, how telling the words are that stand side by side, and `among` how many memories
    chance had a try. With an embedder also how far the nearest memory is ahead of the eighth.
    """
    if not matches:
        return 0.0
    if meaning:
        matches = sorted(matches, key=_text_score, reverse=True)
    best, total = matches[0], sum(weights)
    pairs = _pairs(weights)
    beside = max(_sum(pairs, match.adjacent) for match in matches[:8])
    sure = (
        8.0 * _sum(weights, best.title_words) / total
        + 9.2 * best.words.bit_count() / len(weights)
        + 0.75 * log(len(weights))
        + 1.4 * log(1 + beside)
        - 0.67 * log(max(1, among))
        - 3.6
    )
    if meaning:
        nearest = sorted(meaning.values(), reverse=True)[:8]
        sure = 0.79 * sure + 29.7 * (nearest[0] - nearest[-1]) - 1.56
    return 1 / (1 + exp(-sure))


def _score_text(matches: list[Match], weights: list[float]) -> None:
    """Add what the words say; BM25 counts against the best hit's."""
    found = [match.bm25(weights) for match in matches]
    best = max(found, default=0.0) or 1.0
    pairs = _pairs(weights)
    phrases = [first + second for first, second in pairwise(weights)]
    near = sum(pairs) or 1.0
    for match, bm25 in zip(matches, found, strict=True):
        hit, size = match.hit, max(1, match.title_size)
        together = _PHRASE * _sum(phrases, match.adjacent) / (1 + match.length)
        in_body, in_title = _sum(pairs, match.near), _sum(pairs, match.near_in_title)
        _add(hit, "words", bm25 / best)
        _add(hit, "phrases", min(1.0, together / best))
        _add(hit, "coverage", match.words.bit_count() / len(weights))
        _add(hit, "title", min(1.0, match.title_words.bit_count() / size))
        _add(hit, "brief", 1 / (1 + match.size / max(1, match.average)))
        _add(hit, "near", ((1 - _IN_TITLE) * in_body + _IN_TITLE * in_title) / near)


def _text_score(match: Match) -> float:
    return sum(match.hit.parts.get(part, 0.0) for part in ("words", "title", "near", "coverage"))


def _score_meaning(hits: list[Hit], meaning: Mapping[int, float]) -> None:
    """Add what the embedder says to what the text says, on one scale."""
    most = _BEST_TEXT / _FULL_SCORE
    top = max((hit.score for hit in hits), default=0.0)
    scale = most / top if top else 1.0
    nearest = max(meaning.values())
    for hit in hits:
        hit.parts = {part: scale * value for part, value in hit.parts.items()}
        hit.score *= scale
        apart = nearest - meaning.get(hit.id, -1.0)
        _add(hit, "meaning", max(0.0, 1 - apart / _SPAN))


def _score_session(hits: list[Hit]) -> None:
    """Lift what stands near a good hit: in the same session, or written within two memories."""
    text = {hit.id: hit.score for hit in hits}
    session_of = {hit.id: hit.session_id for hit in hits}
    sessions: dict[int, float] = {}
    for hit in hits:
        sessions[hit.session_id] = max(sessions.get(hit.session_id, 0.0), hit.score)
    top = max(sessions.values(), default=1.0)
    for hit in hits:
        beside = (
            text[near] / abs(near - hit.id) / top
            for near in (hit.id - 2, hit.id - 1, hit.id + 1, hit.id + 2)
            if session_of.get(near) == hit.session_id
        )
        _add(hit, "neighbours", max(beside, default=0.0))
        _add(hit, "session", sessions[hit.session_id] / top)


def _add(hit: Hit, part: str, value: float) -> None:
    hit.parts[part] = value * WEIGHTS[part] / _FULL_SCORE
    hit.score += hit.parts[part]


def _pairs(weights: list[float]) -> list[float]:
    """Return how much each pair of neighbouring terms tells: as much as its commoner one."""
    return [min(pair) for pair in pairwise(weights)]


def _sum(weights: list[float], mask: int) -> float:
    return sum(weight for at, weight in enumerate(weights) if mask >> at & 1)


def _overlap(files: list[str], paths: list[list[str]]) -> float:
    """Return 0 to 1: a half for each file that is in the working set, a fifth for a same name."""
    changed = [_segments(path) for path in files]
    same_file = sum(any(_ends_alike(one, other) for other in paths) for one in changed)
    names = {one[-1] for one in changed if one} & {path[-1] for path in paths if path}
    return min(1.0, 0.5 * same_file + 0.2 * len(names))


def _segments(path: str) -> list[str]:
    return [part for part in path.lower().replace("\\", "/").split("/") if part not in {"", "."}]


def _ends_alike(one: list[str], other: list[str]) -> bool:
    """Say whether one path ends with the other: hosts name files relative or absolute."""
    shorter = min(len(one), len(other))
    return shorter > 0 and one[-shorter:] == other[-shorter:]
