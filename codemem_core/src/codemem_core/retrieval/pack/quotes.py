"""Quote what was said: the sentences of the one session whose messages match a question best.

Finding the session and quoting it tells more than the best messages of many. Where a later session
speaks of the same subject, that one is quoted: it knows what changed since.

On the hook path: stdlib modules that `re` loads, `heapq` and `math`, beside modules that are on it.
"""

from __future__ import annotations

import re
from collections import Counter
from heapq import heapify, heappop, heappush
from itertools import chain
from math import log, sqrt

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval import message_search
from codemem_core.retrieval.pack.excerpt import stem, stems
from codemem_core.retrieval.pack.render import day, harmless, tokens
from codemem_core.retrieval.pack.succession import changes
from codemem_core.retrieval.score import idf
from codemem_core.store import messages
from codemem_core.store.engine.connection import rows
from codemem_core.store.tokenize import query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import apsw

    from codemem_core.retrieval.candidates import Scan
    from codemem_core.store.messages import StoredMessage

_SESSIONS = """
    SELECT s.id FROM streams t JOIN sessions s
        ON s.source = t.source AND s.stream_id = t.stream_id
     WHERE t.id IN (SELECT value FROM json_each(?))
"""
BEFORE, AFTER = 8, 12
"""Messages quoted from at most, around the best one."""
_AGAIN = 0.5
"""How much each further message of a session counts, against the one before."""
_SAME_SUBJECT, _SAME_SUBJECT_OF_LONG = 0.155, 0.19
"""Cosine of the words of two sessions on one subject; of others it is less, mostly below 0.1.

Two long sessions share more by chance.
"""
_LONG_WORDS = 40
"""Telling words of a long session."""
_SINCE_TERMS = 12
"""Words of the best message by which later ones on its subject are found."""
_READ_CHARS = 1_500
"""Characters of a message that are compared with another session's."""
_LEAST_SHARED = 2
"""Words that two sessions on one subject share at least."""
_LEAST_WORDS, _LEAST_SHARE = 3, 0.25
"""Telling words of a question that a session must hold, and their share, rare ones counting more.

Of 37 questions about what a session settled all hold more, of 30 about something else none does.
"""
_SHARE_OF_LONG = 0.18
"""The same for twice as many words: a long report tells much beside what was settled."""
_LATER = 0.2
"""Of a sentence's worth, what does not depend on its place: what was settled stands at the end."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")  # noqa: RUF001
_MARKUP = re.compile(r"^[\s#>*+-]+|\*\*|__")


class QuotedSession:
    """The messages of one session that a search found."""

    __slots__ = ("_words", "messages", "score")

    def __init__(self) -> None:
        self.messages: list[StoredMessage] = []
        """Best first."""
        self.score = 0.0
        self._words: set[str] = set()

    @property
    def words(self) -> set[str]:
        """Its telling words, as `stems` cuts them."""
        if not self._words:
            self._words = stems("\n".join(one.text[:_READ_CHARS] for one in self.messages))
        return self._words

    @property
    def at_ms(self) -> int:
        """When its last matching message was written, epoch milliseconds."""
        return max(message.at_ms for message in self.messages)

    def add(self, message: StoredMessage) -> None:
        """Count a message; they come best first."""
        self.score += message.score * _AGAIN ** len(self.messages)
        self.messages.append(message)

    def changes(self, text: str, *, claim: str = "") -> bool:
        """Say whether it says of the same thing something else than `text`."""
        return any(changes(message.text, text, claim=claim) for message in self.messages)


class Part:
    """What is quoted of one message: some of its sentences, in their order."""

    __slots__ = ("message", "text")

    def __init__(self, message: StoredMessage, text: str) -> None:
        self.message = message
        self.text = text
        """Harmless text in one line; sentences that were left out are marked by `…`."""


class Quote:
    """What is quoted of a session; in a pack it is one entry."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        """Message by message, oldest first; at least one."""

    @property
    def text(self) -> str:
        """The quoted sentences alone."""
        return " ".join(part.text for part in self.parts)

    def line(self) -> str:
        """Return `[e12] (quote) 2026-01-31, session 1f3c9a2b, user: … [e13] agent: …`."""
        first = self.parts[0].message
        name = harmless(first.stream_id)[:8]
        told = [f"[e{first.id}] (quote) {day(first.at_ms)}, session {name}, {_said(self.parts[0])}"]
        told += (f"[e{part.message.id}] {_said(part)}" for part in self.parts[1:])
        return " ".join(told)


class Sessions:
    """What a search of the messages found, session by session."""

    __slots__ = ("_counts", "_weights", "known", "project", "ranked", "scan", "trusted")

    def __init__(
        self,
        found: list[StoredMessage],
        scan: Scan,
        *,
        project: str | None = None,
        trusted: bool = False,
        known: Collection[str] = (),
    ) -> None:
        self.scan = scan
        self.project = project
        self.trusted = trusted
        """Quote nothing that only outside text carries."""
        self.known = known
        """Messages that are not quoted again, as `e34`."""
        self.ranked = sorted(_by_session(found), key=lambda session: -session.score)
        """Best first; after `look_further` those last that speak of the same as the best one."""
        self._weights: list[float] = []
        self._counts: dict[str, int] = {}

    def look_further(self, db: apsw.Connection) -> None:
        """Add what was said later of the same as the best session says, and weigh the words.

        Call it before anything is compared or quoted: most prompts need neither.
        """
        if not self.ranked or self._weights:
            return
        best = self.ranked[0].messages[0]
        same = self._rarest(query_terms(best.text))
        since, _ = message_search.search(
            db, same, project=self.project, trusted=self.trusted, after=best.id
        )
        matched = {session.messages[0].stream for session in self.ranked}
        self.ranked += _by_session(one for one in since if one.stream not in matched)
        self._counts = _counted(self.ranked)
        most = len(self.ranked) + 1
        # How much a word tells sessions apart, by how many of them have it.
        self._weights = [log(most / max(1, count)) ** 2 for count in range(most)]

    def _rarest(self, terms: Sequence[str]) -> list[str]:
        """Return the terms that the fewest of the sessions have."""
        counts = _counted(self.ranked)
        return sorted(terms, key=lambda term: counts.get(stem(term), 1))[:_SINCE_TERMS]

    def sure(self) -> bool:
        """Say whether the best session answers: it holds enough of what the question tells."""
        if not self.ranked:
            return False
        weights = [idf(term.count, self.scan.total) for term in self.scan.terms]
        held = 0
        for message in self.ranked[0].messages:
            held |= message.terms
        share = sum(weight for at, weight in enumerate(weights) if held >> at & 1) / sum(weights)
        words = held.bit_count()
        return (words >= _LEAST_WORDS and share >= _LEAST_SHARE) or (
            words >= 2 * _LEAST_WORDS and share >= _SHARE_OF_LONG
        )

    def chosen(self) -> QuotedSession | None:
        """Return the session to quote: the best, or the latest that changed what it says."""
        if not self.ranked:
            return None
        best = self.ranked[0]
        text = "\n".join(message.text for message in best.messages)
        changed = [later for later in self.later(best) if later.changes(text)]
        return max([best, *changed], key=lambda session: session.at_ms)

    def later(self, session: QuotedSession) -> list[QuotedSession]:
        """Return later sessions on the same subject."""
        return [
            other
            for other in self.ranked
            if other.at_ms > session.at_ms and self._is_same_subject(session, other)
        ]

    def _is_same_subject(self, one: QuotedSession, other: QuotedSession) -> bool:
        is_long = min(len(one.words), len(other.words)) > _LONG_WORDS
        least = _SAME_SUBJECT_OF_LONG if is_long else _SAME_SUBJECT
        return self._alike(one, other) >= least

    def worth(self, words: Iterable[str]) -> float:
        """Return how much a sentence of these words tells, asked for or not."""
        most = len(self.ranked) + 1
        return sum(log(most / self._counts.get(word, 1)) for word in words)

    def _alike(self, one: QuotedSession, other: QuotedSession) -> float:
        """Return the cosine of two sessions' words; those in no third one count most."""
        both = one.words & other.words
        if len(both) < _LEAST_SHARED:
            return 0.0
        shared = sum(self._weights[max(1, self._counts[word] - 1)] for word in both)
        first, second = (
            sum(self._weights[self._counts[word]] for word in each.words - both) + shared
            for each in (one, other)
        )
        return shared / (sqrt(first * second) or 1.0)


def _by_session(found: Iterable[StoredMessage]) -> list[QuotedSession]:
    by_stream: dict[int, QuotedSession] = {}
    for message in found:
        by_stream.setdefault(message.stream, QuotedSession()).add(message)
    return list(by_stream.values())


def _counted(sessions: Iterable[QuotedSession]) -> dict[str, int]:
    """Return in how many of the sessions each word stands."""
    return dict(Counter(chain.from_iterable(session.words for session in sessions)))


def search(
    db: apsw.Connection,
    terms: Sequence[str],
    *,
    project: str | None,
    trusted: bool,
    known: Collection[str] = (),
) -> Sessions:
    """Find the sessions whose messages match `terms`; messages in `known` (as `e34`) do not."""
    matching, scan = message_search.search(db, terms, project=project, trusted=trusted)
    found = [message for message in matching if f"e{message.id}" not in known]
    return Sessions(found, scan, project=project, trusted=trusted, known=known)


def memory_sessions(db: apsw.Connection, sessions: Sessions) -> set[int]:
    """Return the sessions, as memories name them, that match best and that are quoted."""
    chosen = sessions.chosen()
    if chosen is None:
        return set()
    streams = {sessions.ranked[0].messages[0].stream, chosen.messages[0].stream}
    return {number for (number,) in rows(db, _SESSIONS, (quick_json.write(list(streams)),))}


def quote(
    db: apsw.Connection,
    sessions: Sessions,
    session: QuotedSession,
    *,
    room: int,
    known: Collection[str] = (),
) -> Quote | None:
    """Quote a session in `room` tokens; None when nothing fits in.

    `known` are words of what is told beside them: a sentence of little else is left out.
    """
    best = session.messages[0]
    told = messages.around(
        db,
        best,
        before=BEFORE,
        after=AFTER,
        project=sessions.project,
        trusted=sessions.trusted,
    )
    weights = asked(sessions.scan)
    sentences = [
        _Sentence(message, at, text, place=n / max(1, len(told) - 1))
        for n, message in enumerate(told)
        if f"e{message.id}" not in sessions.known
        for at, text in enumerate(_sentences(message.text))
    ]
    for sentence in sentences:
        sentence.matched = sum(weights.get(word, 0.0) for word in sentence.words)
    picked = _picked(sentences, sessions, room=room - _HEAD_TOKENS, known=set(known))
    return Quote(_written(picked)) if picked else None


class _Sentence:
    __slots__ = ("at", "cost", "matched", "message", "place", "text", "words")

    def __init__(self, message: StoredMessage, at: int, text: str, *, place: float) -> None:
        self.message = message
        self.at = at
        self.text = text
        self.cost = tokens(text) + 1
        self.place = _LATER + place
        """How much its place counts: the first message that may be quoted 0.2, the last 1.2."""
        self.words = frozenset(stems(text))
        self.matched = 0.0
        """How much of the question it holds."""


def _picked(
    sentences: list[_Sentence], sessions: Sessions, *, room: int, known: set[str]
) -> list[_Sentence]:
    """Choose sentences while there is room: each time the one that adds most to those before."""
    picked: list[_Sentence] = []
    said: set[int] = set()
    waiting = [(-_gain(sentence, sessions, known), n) for n, sentence in enumerate(sentences)]
    heapify(waiting)
    while waiting:
        before, at = heappop(waiting)
        sentence = sentences[at]
        cost = sentence.cost + (0 if sentence.message.id in said else _PART_TOKENS)
        gain = _gain(sentence, sessions, known)
        if cost > room or not gain:
            continue
        # What was said since takes from a gain and never adds: who still leads is the best.
        if waiting and -gain > waiting[0][0] and -gain > before:
            heappush(waiting, (-gain, at))
            continue
        picked.append(sentence)
        said.add(sentence.message.id)
        known = known | sentence.words
        room -= cost
    return picked


def _gain(sentence: _Sentence, sessions: Sessions, known: Collection[str]) -> float:
    new = [word for word in sentence.words if word not in known]
    if len(new) < _NEW * len(sentence.words):
        return 0.0
    return (sentence.matched + sessions.worth(new)) * sentence.place


_HEAD_TOKENS = 20
"""What `[e12] (quote) 2026-01-31, session 1f3c9a2b, ` takes."""
_PART_TOKENS = 6
"""What `[e13] user: ` takes."""
_NEW = 0.15
"""A sentence of fewer new words says nothing new."""


def _said(part: Part) -> str:
    return f"{'user' if part.message.role == 'prompt' else 'agent'}: {part.text}"


def _written(picked: Iterable[_Sentence]) -> list[Part]:
    parts: list[Part] = []
    last: _Sentence | None = None
    for sentence in sorted(picked, key=lambda s: (s.message.at_ms, s.message.seq, s.at)):
        if last is None or sentence.message.id != last.message.id:
            parts.append(Part(sentence.message, sentence.text))
        else:
            gap = " " if sentence.at == last.at + 1 else " … "
            parts[-1].text += gap + sentence.text
        last = sentence
    return parts


def _sentences(text: str) -> list[str]:
    """Return the sentences of a message that say something in words, as harmless text."""
    parts = (harmless(_MARKUP.sub("", part)) for part in _SENTENCE.split(text))
    return [part for part in parts if 2 * sum(map(str.isalpha, part)) > len(part.replace(" ", ""))]


def asked(scan: Scan) -> dict[str, float]:
    """Return the words that were looked for, as `stems` cuts them, and how much each tells."""
    return {stem(term.text): idf(term.count, scan.total) for term in scan.terms if term.count}
