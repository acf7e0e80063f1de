"""How good an answer is: a sum of named parts, measured on judged queries.

On the hook path: `itertools` and `math` only.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, log

from codemem_core.hookpath import json as quick_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codemem_core.retrieval.hit import Hit
    from codemem_core.retrieval.term_match import Match

# What each part may add, by words alone and with an embedder. Words to neighbours were fitted to
# 2,021 judged questions (softmax over each one's candidates; on a fifth left out of the fit recall
# is the same to 0.001 and MRR lower by 0.003). Recency above 0.3 costs recall there; files, context
# and kind are not measured.
WEIGHTS = {
    "words": 3.0,  # BM25, the best hit of the query = 1
    "phrases": 0.7,  # neighbouring words of the query that stand together, as a BM25
    "coverage": 1.3,  # share of the query's terms that occur
    "telling": 0.8,  # the same, rare terms counting more
    "title": 1.8,  # share of the title's words that are in the query
    "brief": 0.7,  # 1/2 for a memory of average length, more for a shorter one
    "meaning": 0.0,  # nearness by an embedder, the nearest = 1
    "session": 3.6,  # the best of the parts above in the same session
    "neighbours": 1.7,  # and in what was written just before or after
    "apart": 1.2,  # less when much of the same session is found: then it is merely about that
    "context": 0.5,  # BM25 of what the work is about beside the query
    "recency": 0.1,  # 1 now, a half after 30 days
    "kind": 0.07,
    "files": 0.7,  # files it changed that are being worked on
}
WITH_MEANING = {
    **WEIGHTS,
    **{"words": 1.6, "phrases": 0.7, "coverage": 0.1, "telling": 1.2, "title": 0.1, "brief": 0.06},
    **{"meaning": 2.8, "session": 3.4, "neighbours": 1.05, "apart": 2.0},
}
"""The same when an embedder was asked."""
# What is known of a memory beside the question: at most so much of the sum above, more or less, so
# that it puts in order what answers alike and lifts nothing that does not. Not measured on judged
# questions: there nobody ever used anything.
WORTH = {
    "support": 0.15,  # sessions that found it out: a half for two, nearing 1
    "used": 0.5,  # sessions that used it after they were told, counted against 3
    "unused": -0.3,  # sessions that were told and did not, beyond the first 2, against 6
    "decay": -0.3,  # of what is hardly believed, or was told and never used: a half at 90 days
}
_OUTDATED = 0.5
"""Share of its score that a memory loses when a newer one says otherwise."""
_UNSURE = 0.5
_NOT_YET = 2
_TRUSTLESS = frozenset({"external", "import", "teammate"})
# A memory so much less near than the nearest gets nothing for it.
_SPAN = 0.15
# Two words that stand together count as a word 1.5 times as telling as both.
_PHRASE = 1.5 * 2.2
_KINDS = {
    "session_summary": 1.0,
    "preference": 0.8,
    "decision": 0.8,
    "feature": 0.7,
    "bugfix": 0.7,
    "refactor": 0.7,
}
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
    learned: bool,
    now_ms: int,
) -> None:
    """Fill in the parts of each hit and their sum; `weights` of the terms and of the context's."""
    parts = WITH_MEANING if meaning else WEIGHTS
    hits = [match.hit for match in matches]
    _score_text(matches, weights, parts)
    _score_meaning(hits, meaning, parts)
    _score_session(hits, parts)
    beside = [match.bm25(context, first=len(weights)) for match in matches]
    most = max(beside, default=0.0) or 1.0
    paths = [_segments(path) for path in working_set]
    for hit, said in zip(hits, beside, strict=True):
        if context:
            hit.parts["context"] = parts["context"] * said / most
        age_days = max(0, now_ms - max(hit.created_ms, hit.seen_ms)) / _DAY_MS
        hit.parts["recency"] = parts["recency"] / (1 + age_days / 30)
        hit.parts["kind"] = parts["kind"] * _KINDS.get(hit.kind, _OTHER_KIND)
        if paths:
            changed = quick_json.read(hit.files_modified)
            hit.parts["files"] = parts["files"] * _overlap(changed, paths)
        hit.parts |= _worth(hit, age_days, learned=learned)
    full = sum(parts.values())
    for hit in hits:
        hit.parts = {name: value / full for name, value in hit.parts.items()}
        hit.score = max(0.0, sum(hit.parts.values()))
        if hit.outdated_by is not None:
            hit.parts["outdated"] = -_OUTDATED * hit.score
            hit.score += hit.parts["outdated"]


def _worth(hit: Hit, age_days: float, *, learned: bool) -> dict[str, float]:
    """Return what is known of a memory beside the question; the parts that are not 0."""
    left = max(0, hit.told - hit.used - _NOT_YET) if learned else 0
    found = {"support": 1 - 1 / hit.support, "unused": left / (left + 6)}
    # What came from outside may have asked to be used.
    if learned and (hit.confirmed or hit.origin not in _TRUSTLESS):
        found["used"] = hit.used / (hit.used + 3)
    kept = hit.confirmed or hit.pinned or hit.support > 1 or (learned and hit.used)
    if not kept and (hit.confidence < _UNSURE or left):
        found["decay"] = age_days / (age_days + 90)
    return {name: WORTH[name] * share for name, share in found.items() if share}


def confidence(
    matches: list[Match],
    weights: list[float],
    *,
    shares: list[float],
    among: int,
    meaning: Mapping[int, float],
) -> float:
    """Return how likely it is, 0 to 1, that the best hits answer the query; best first.

    Fitted to 2,021 judged questions and 5,400 asked of a store of another project, of 5 to 4,000
    memories: how much of the query stands in the best hit and in its title, how many terms there
    were to miss, how telling the words are that stand side by side, and `among` how many memories
    chance had a try. With an embedder also how far the nearest memory is ahead of the eighth.
    `shares`, 1 at most: how much of a term each one counts.
    """
    if not matches:
        return 0.0
    if meaning:
        matches = sorted(matches, key=_text_score, reverse=True)
    best, total = matches[0], sum(weights)
    count = sum(shares)
    pairs = _pairs(weights)
    beside = max(_sum(pairs, match.adjacent) for match in matches[:8])
    sure = (
        8.0 * _sum(weights, best.title_words) / total
        + 9.2 * _sum(shares, best.words) / count
        + 0.75 * log(count)
        + 1.4 * log(1 + beside)
        - 0.67 * log(max(1, among))
        - 3.6
    )
    if meaning:
        nearest = sorted(meaning.values(), reverse=True)[:8]
        sure += 15.0 * (nearest[0] - nearest[-1]) - 0.7
    return 1 / (1 + exp(-sure))


def _score_text(matches: list[Match], weights: list[float], parts: Mapping[str, float]) -> None:
    """Add what the words say; BM25 counts against the best hit's."""
    found = [match.bm25(weights) for match in matches]
    best, total = max(found, default=0.0) or 1.0, sum(weights)
    phrases = [_PHRASE * (first + second) for first, second in pairwise(weights)]
    for match, bm25 in zip(matches, found, strict=True):
        if not match.words:
            continue
        together = _sum(phrases, match.adjacent) / (1 + match.length)
        in_title = match.title_words.bit_count() / max(1, match.title_size)
        match.hit.parts = {
            "words": parts["words"] * bm25 / best,
            "phrases": parts["phrases"] * min(1.0, together / best),
            "coverage": parts["coverage"] * match.words.bit_count() / len(weights),
            "telling": parts["telling"] * _sum(weights, match.words) / total,
            "title": parts["title"] * min(1.0, in_title),
            "brief": parts["brief"] / (1 + match.size / max(1, match.average)),
        }


def _score_meaning(
    hits: list[Hit], meaning: Mapping[int, float], parts: Mapping[str, float]
) -> None:
    """Add what the embedder says."""
    nearest = max(meaning.values(), default=0.0)
    for hit in hits:
        if hit.id in meaning:
            apart = nearest - meaning[hit.id]
            hit.parts["meaning"] = parts["meaning"] * max(0.0, 1 - apart / _SPAN)


def _score_session(hits: list[Hit], parts: Mapping[str, float]) -> None:
    """Lift what stands near a good hit: in the same session, or written within two memories."""
    so_far = {hit.id: sum(hit.parts.values()) for hit in hits}
    top = max(so_far.values(), default=0.0) or 1.0
    good = {memory_id: value / top for memory_id, value in so_far.items()}
    session_of = {hit.id: hit.session_id for hit in hits}
    best: dict[int, float] = {}
    much: dict[int, float] = {}
    for hit in hits:
        best[hit.session_id] = max(best.get(hit.session_id, 0.0), good[hit.id])
        much[hit.session_id] = much.get(hit.session_id, 0.0) + good[hit.id]
    most = log(1 + max(much.values(), default=1.0))
    for hit in hits:
        beside = (
            good[near] / abs(near - hit.id)
            for near in (hit.id - 2, hit.id - 1, hit.id + 1, hit.id + 2)
            if session_of.get(near) == hit.session_id
        )
        hit.parts["session"] = parts["session"] * best[hit.session_id]
        hit.parts["neighbours"] = parts["neighbours"] * max(beside, default=0.0)
        hit.parts["apart"] = parts["apart"] * (1 - log(1 + much[hit.session_id]) / most)


def _text_score(match: Match) -> float:
    return sum(match.hit.parts.get(part, 0.0) for part in ("words", "title", "phrases", "coverage"))


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
