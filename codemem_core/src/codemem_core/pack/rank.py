"""Which memories are worth a place in a pack.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemem_core.store.search import Found, Hit

# At this confidence 0.85 of the questions asked of another project's store are met with silence
# (0.81 of what people typed to agents), and 0.016 of pack recall is lost.
MIN_CONFIDENCE = 0.18
"""Below it a pack stays empty."""
# Dropping single hits below a threshold of their own cost 0.011 for the same silence.
_MIN_SHARE = 0.2


def fitting(found: Found) -> list[Hit]:
    """Return what is worth telling; nothing when it is not likely that the store knows an answer.

    Hits far below the best one are left out.
    """
    if found.confidence < MIN_CONFIDENCE:
        return []
    return [hit for hit in found if hit.score >= _MIN_SHARE * found[0].score]


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
