"""Which memories are worth a place in a pack.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemem_core.retrieval.hit import Found, Hit

# At this confidence 0.81 of the questions asked of a store of another family are met with silence,
# and 0.012 of pack recall is lost; at 0.25 it would be 0.84 and 0.020.
MIN_CONFIDENCE = 0.18
"""Below it a pack stays empty."""
# Dropping single hits below a threshold of their own cost 0.011 for the same silence.
_MIN_SHARE = 0.2
# Shared words among all words of two memories that say the same.
_ALIKE = 0.85
_SUMMARY = "session_summary"
_SPEAKS = 0.5
"""Of the best score: a summary below it merely has a word of the question."""


def fitting(found: Found, *, least: float = MIN_CONFIDENCE) -> list[Hit]:
    """Return what is worth telling; nothing when it is not likely that the store knows an answer.

    Hits far below the best one are left out, and what a newer memory outdates.
    """
    if not found or found.confidence < least:
        return []
    least = _MIN_SHARE * found[0].score
    return [hit for hit in found if hit.score >= least and hit.outdated_by is None]


def about(found: Found) -> list[Hit]:
    """Return what is worth telling to somebody who asks where the work on something stands.

    Who asks so asks the memory: no doubt whether it knows. Summaries that speak of it come first.
    """
    hits = fitting(found, least=0.0)
    return sorted(hits, key=lambda hit: hit.kind != _SUMMARY or hit.score < _SPEAKS * hits[0].score)


def without_repeats(hits: Iterable[Hit]) -> tuple[list[Hit], dict[int, list[int]]]:
    """Return the first of each group that says the same, and the ids left out by the kept one's.

    Same means the same kind, and the same title and body but for a few words. Two that differ in a
    number say different things: a limit of 5 is not a limit of 8.
    """
    kept: list[tuple[Hit, frozenset[str]]] = []
    repeats: dict[int, list[int]] = {}
    for hit in {hit.id: hit for hit in hits}.values():
        words = frozenset(f"{hit.title} {hit.body}".lower().split())
        first = next((one for one, other in kept if _is_same(hit, words, one, other)), None)
        if first is None:
            kept.append((hit, words))
            repeats[hit.id] = []
        else:
            repeats[first.id].append(hit.id)
    return [hit for hit, _ in kept], repeats


def _is_same(hit: Hit, words: frozenset[str], other: Hit, others: frozenset[str]) -> bool:
    if hit.kind != other.kind:
        return False
    shared = len(words & others)
    if shared < _ALIKE * (len(words) + len(others) - shared):
        return False
    return not any(char.isdigit() for word in words ^ others for char in word)
