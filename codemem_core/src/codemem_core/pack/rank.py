"""Which memories are worth a place in a pack.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemem_core.store.search import Hit

_MIN_TERMS = 2
# Judged on questions with an answer and on those of other projects: keeping silent when no hit
# shares two terms costs 0.001 of pack recall, dropping each such hit 0.011.
_MIN_SHARE = 0.3


def fitting(hits: Sequence[Hit]) -> list[Hit]:
    """Return what is worth telling; nothing when no hit shares two terms with the query.

    A query of one or two terms asks for just them: a single match is enough. Hits far below the
    best one are left out.
    """
    if not any(len(hit.matched) >= (_MIN_TERMS if hit.asked > _MIN_TERMS else 1) for hit in hits):
        return []
    return [hit for hit in hits if hit.score >= _MIN_SHARE * hits[0].score]


def without_repeats(hits: Iterable[Hit]) -> tuple[list[Hit], dict[int, list[int]]]:
    """Return the first of each group that says the same, and the ids left out by the kept one's.

    Same means the same kind, title and body, whatever the case and the spaces.
    """
    kept: list[Hit] = []
    repeats: dict[int, list[int]] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for hit in hits:
        first = seen.setdefault((hit.kind, _plain(hit.title), _plain(hit.body)), hit.id)
        if first == hit.id and first not in repeats:
            kept.append(hit)
            repeats[first] = []
        elif first != hit.id:
            repeats[first].append(hit.id)
    return kept, repeats


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
