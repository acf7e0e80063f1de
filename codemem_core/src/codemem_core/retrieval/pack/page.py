"""A pack as it fills up: which lines get a place, and how long they are.

On the hook path: modules that are on it.
"""

from __future__ import annotations

from codemem_core.retrieval.pack import quotes
from codemem_core.retrieval.pack.excerpt import line, stems
from codemem_core.retrieval.pack.render import tokens
from codemem_core.retrieval.pack.succession import amended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import apsw

    from codemem_core.retrieval.hit import Hit
    from codemem_core.retrieval.pack.quotes import Quote, Sessions

_HEADINGS = "## Summary\n\n\n## Timeline\n\n\n## Observations\n"
_WHOLE = 4
"""So many memories are told whole; what further ones are left is shared out."""
_WHOLE_TOKENS = 160
"""Most memories are whole in so many; what is longer is cut around what answers."""
_LEAST_TOKENS = 40
"""A shorter line says too little."""
_QUOTED, _QUOTED_TOKENS = 0.95, 340
"""What a quote may take: a share of the budget, and tokens at most."""
_REPEATED = 0.8
"""Share of a line's words from which it says nothing that is not quoted."""


class Page:
    """A pack as it fills up: lines within a number of places and tokens."""

    def __init__(self, room: int, limit: int, *, is_recap: bool) -> None:
        self.room = room - tokens(_HEADINGS)
        self.limit = limit
        self.is_recap = is_recap
        self.lines: dict[int, str] = {}
        """Of memories, by id."""
        self.quote: Quote | None = None

    def fill(
        self,
        db: apsw.Connection,
        said: Sessions,
        hits: Sequence[Hit],
        *,
        quoted_from: tuple[str | None, bool] | None,
    ) -> None:
        """Quote a session and give the memories what is left.

        `quoted_from` is the project, and whether only what may be told unasked; None: no quote.
        """
        if quoted_from is not None:
            self._add_quote(db, said, project=quoted_from[0], trusted=quoted_from[1])
        self._add(hits, quotes.asked(said.scan), amended(db, hits, said))

    def _add_quote(
        self, db: apsw.Connection, said: Sessions, *, project: str | None, trusted: bool
    ) -> None:
        """Quote the session that matches best."""
        session = said.chosen()
        if session is None:
            return
        room = min(_QUOTED_TOKENS, round(_QUOTED * self.room))
        self.quote = quotes.quote(db, said, session, room=room, project=project, trusted=trusted)
        if self.quote is not None:
            self.room -= tokens(self.quote.line()) + 1
            self.limit -= 1

    def _add(
        self, hits: Sequence[Hit], asked: Mapping[str, float], states: Mapping[int, str]
    ) -> None:
        """Give the memories a place, best first, each as whole as there is room."""
        known = stems(self.quote.text) if self.quote else set()
        for at, hit in enumerate(hits):
            places = min(self.limit - len(self.lines), len(hits) - at)
            if places <= 0:
                return
            whole = _WHOLE_TOKENS if len(self.lines) < _WHOLE else self.room // places
            share = min(self.room - 1, max(_LEAST_TOKENS, whole))
            state = ", ".join(filter(None, (states.get(hit.id, ""), hit.code)))
            text = line(hit, room=share, asked=asked, state=state, is_recap=self.is_recap)
            if text and not _repeats(text, known):
                self.lines[hit.id] = text
                self.room -= tokens(text) + 1


def _repeats(line: str, known: Collection[str]) -> bool:
    """Say whether nearly all of a line is quoted already."""
    words = stems(line)
    return bool(known) and sum(word in known for word in words) >= _REPEATED * len(words)
