"""Which memories are worth a place in a pack.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemem_core.store.search import Hit

_MIN_TERMS = 2


def fitting(hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits that share at least two terms with the query; one is chance.

    A query of one or two terms asks for just them: a single match is enough.
    """
    return [
        hit for hit in hits if len(hit.matched) >= (_MIN_TERMS if hit.asked > _MIN_TERMS else 1)
    ]


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
