"""A pack as it fills up: which lines get a place, how long they are, what amended a memory.

On the hook path: modules that are on it.
"""

from __future__ import annotations

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval.pack import quotes
from codemem_core.retrieval.pack.excerpt import line, stems
from codemem_core.retrieval.pack.render import fence, tokens
from codemem_core.retrieval.pack.succession import changes
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

_STREAMS = """
    SELECT s.id, t.id FROM sessions s JOIN streams t
        ON t.source = s.source AND t.stream_id = s.stream_id
     WHERE s.id IN (SELECT value FROM json_each(?))
"""


class PackPage:
    """A pack as it fills up: lines within a number of places and tokens."""

    def __init__(self, room: int, limit: int, *, fenced: bool, is_recap: bool) -> None:
        self.fence = fence() if fenced else ("", "")
        """What stands before and after the lines."""
        self.budget = room
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
        """Tell the memories and quote a session beside them; `found` has what amended them."""
        if not hits and not quoted:
            return
        said.look_further(db)
        left = self.room - _USUAL_TOKENS * len(hits)
        reserved = min(self.room, max(_QUOTED_TOKENS, left)) if quoted else 0
        self.room, self.limit = self.room - reserved, self.limit - quoted
        newer_ids = _amended(db, found, said)
        self._add(_with_newer(hits, found, newer_ids), quotes.asked(said.scan), newer_ids)
        if quoted:
            self._add_quote(db, said, self.room + reserved)

    def _add_quote(self, db: apsw.Connection, said: Sessions, room: int) -> None:
        """Quote the session that matches best, without what the memories say already."""
        session = said.chosen()
        if session is not None:
            known = stems("\n".join(self.lines.values()))
            self.quote = quotes.quote(db, said, session, room=room, known=known)

    def _add(
        self, hits: Sequence[Hit], asked: Mapping[str, float], newer_ids: Mapping[int, int | str]
    ) -> None:
        """Give the memories a place, best first, each as whole as there is room."""
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
            if text:
                self.hits.append(hit)
                self.lines[hit.id] = text
                self.room -= tokens(text) + 1


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
    later = {stream: said.later(by_stream[stream]) for stream in of_hits}
    newer_ids: dict[int, int | str] = {}
    for hit in hits:
        newer = later.get(stream_of.get(hit.session_id, -1), ())
        text = f"{hit.title}. {hit.body}"
        changing = next((one for one in newer if one.changes(text)), None)
        if changing is not None:
            first = changing.messages[0]
            beside = (one for one in hits if stream_of.get(one.session_id) == first.stream)
            newer_ids[hit.id] = next(
                (one.id for one in beside if _says_anew(one, hit)), f"e{first.id}"
            )
    return newer_ids


def _says_anew(newer: Hit, older: Hit) -> bool:
    earlier = f"{older.title}. {older.body}"
    return changes(f"{newer.title}. {newer.body}", earlier, claim=older.title)


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
