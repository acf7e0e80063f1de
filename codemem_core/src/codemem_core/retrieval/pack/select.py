"""Where in a pack each memory stands: summary, timeline or observations.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemem_core.retrieval.hit import Hit

_TIMELINE = 3


class Sections:
    """The three sections of a pack; each memory stands in one of them."""

    __slots__ = ("observations", "summary", "timeline")

    def __init__(
        self, chosen: Sequence[Hit], *, is_recap: bool = False, best_first: bool = False
    ) -> None:
        """Share out `chosen`, which comes best first; only a recap has a timeline of memories.

        `best_first`: a summary stands before the rest only when it is the best of them.
        """
        able = chosen[:1] if best_first and not is_recap else chosen
        summaries = [hit for hit in able if hit.kind == "session_summary"]
        self.summary: list[Hit] = sorted(summaries, key=_age)[-1:]
        """The newest summary, or nothing."""
        rest = [hit for hit in chosen if hit not in self.summary]
        self.timeline: list[Hit] = sorted(rest, key=_age)[-_TIMELINE:] if is_recap else []
        """Of a recap the newest three of the rest, oldest first."""
        self.observations: list[Hit] = [hit for hit in rest if hit not in self.timeline]
        """What remains, best first."""

    def all(self) -> list[Hit]:
        """Return every memory in the order it is printed."""
        return [*self.summary, *self.timeline, *self.observations]


def _age(hit: Hit) -> tuple[int, int]:
    return hit.created_ms, hit.id
