"""A pack as it fills up: which lines get a place, how long they are, what amended a memory.

On the hook path: modules that are on it.
"""

from __future__ import annotations

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval.pack import quotes
from codemem_core.retrieval.pack.excerpt import line, stems
from codemem_core.retrieval.pack.render import fence, tokens
from codemem_core.store.engine.connection import rows

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

_STREAMS = """
    SELECT s.id, t.id FROM sessions s JOIN streams t
        ON t.source = s.source AND t.stream_id = s.stream_id
     WHERE s.id IN (SELECT value FROM json_each(?))
"""
_ALIKE = 0.13
"""Cosine of two sessions' words, where the later one also says something anew."""


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
        newer_ids = _amended(db, found, said)
        self._add(_with_newer(hits, found, newer_ids), quotes.asked(said.scan), newer_ids)

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


def _amended(db: apsw.Connection, hits: Sequence[Hit], said: Sessions) -> dict[int, int | str]:
    """Return, by id, what amended memories: the id of a later memory among `hits`, or of a message.

    A message's is `e12`.
    """
    if len(said.ranked) < 2:
        return {}
    ids = quick_json.write(list({hit.session_id for hit in hits}))
    stream_of = dict(rows(db, _STREAMS, (ids,)))
    by_stream = {session.messages[0].stream: session for session in said.ranked}
    of_hits = by_stream.keys() & set(stream_of.values())
    later = {stream: said.later(by_stream[stream], least=_ALIKE) for stream in of_hits}
    of_stream = {stream_of.get(hit.session_id): hit.id for hit in reversed(hits)}
    newer_ids: dict[int, int | str] = {}
    for hit in hits:
        newer = later.get(stream_of.get(hit.session_id, -1), ())
        text = f"{hit.title}. {hit.body}"
        changing = next((session for session in newer if session.changes(text)), None)
        if changing is not None:
            first = changing.messages[0]
            newer_ids[hit.id] = of_stream.get(first.stream, f"e{first.id}")
    return newer_ids


def _with_newer(
    chosen: Sequence[Hit], found: Sequence[Hit], newer_ids: Mapping[int, int | str]
) -> list[Hit]:
    """Return the chosen memories with those that amended one of them right before it."""
    by_id = {hit.id: hit for hit in found}
    told: dict[int, Hit] = {}
    for hit in chosen:
        newer = newer_ids.get(hit.id)
        if isinstance(newer, int):
            told.setdefault(newer, by_id[newer])
        told.setdefault(hit.id, hit)
    return list(told.values())
