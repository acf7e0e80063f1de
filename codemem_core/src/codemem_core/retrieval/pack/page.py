"""A pack as it fills up: which lines get a place, and how long they are.

On the hook path: modules that are on it.
"""

from __future__ import annotations

from codemem_core.retrieval.pack import quotes
from codemem_core.retrieval.pack.excerpt import line, stems
from codemem_core.retrieval.pack.render import fence, tokens
from codemem_core.retrieval.pack.succession import amended, with_newer

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
_QUOTED_TOKENS = 340
"""What a quote may take when there is more to tell than fits in."""
_USUAL_TOKENS = 220
"""What is kept free for a memory before a quote gets more."""
_REPEATED = 0.8
"""Share of a line's words from which it says nothing that is not quoted."""


class Page:
    """A pack as it fills up: lines within a number of places and tokens."""

    def __init__(self, room: int, limit: int, *, fenced: bool, is_recap: bool) -> None:
        self.fence = fence() if fenced else ("", "")
        """What stands before and after the lines."""
        self.room = room - tokens(_HEADINGS + "".join(self.fence))
        self.limit = limit
        self.is_recap = is_recap
        self.lines: dict[int, str] = {}
        """Of memories, by id."""
        self.hits: list[Hit] = []
        """The memories that have a line, best first."""
        self.quote: Quote | None = None

    def fill(
        self,
        db: apsw.Connection,
        said: Sessions,
        hits: Sequence[Hit],
        found: Sequence[Hit],
        *,
        quoted: bool,
    ) -> None:
        """Quote a session and give the memories what is left; `found` has what amended them."""
        if not hits and not quoted:
            return
        said.look_further(db)
        if quoted:
            left = self.room - _USUAL_TOKENS * len(hits)
            room = min(self.room, max(_QUOTED_TOKENS, left))
            self._add_quote(db, said, room)
        newer_ids = amended(db, found, said)
        self._add(with_newer(hits, found, newer_ids), quotes.asked(said.scan), newer_ids)

    def _add_quote(self, db: apsw.Connection, said: Sessions, room: int) -> None:
        """Quote the session that matches best."""
        session = said.chosen()
        if session is None:
            return
        self.quote = quotes.quote(db, said, session, room=room)
        if self.quote is not None:
            self.room -= tokens(self.quote.line()) + 1
            self.limit -= 1

    def _add(
        self, hits: Sequence[Hit], asked: Mapping[str, float], newer_ids: Mapping[int, int | str]
    ) -> None:
        """Give the memories a place, best first, each as whole as there is room."""
        known = stems(self.quote.text) if self.quote else set()
        for at, hit in enumerate(hits):
            places = min(self.limit - len(self.lines), len(hits) - at)
            if places <= 0:
                return
            whole = _WHOLE_TOKENS if len(self.lines) < _WHOLE else self.room // places
            share = min(self.room - 1, max(_LEAST_TOKENS, whole))
            newer = newer_ids.get(hit.id)
            amendment = f"amended, see [{newer}]" if newer else ""
            state = ", ".join(filter(None, (amendment, hit.code)))
            text = line(hit, room=share, asked=asked, state=state, is_recap=self.is_recap)
            if text and not _repeats(text, known):
                self.hits.append(hit)
                self.lines[hit.id] = text
                self.room -= tokens(text) + 1


def _repeats(line: str, known: Collection[str]) -> bool:
    """Say whether nearly all of a line is quoted already."""
    words = stems(line)
    return bool(known) and sum(word in known for word in words) >= _REPEATED * len(words)
