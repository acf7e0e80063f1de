"""Which memories a later session amended: they are told as what held until then.

On the hook path: `re` beside modules that are on it.
"""

from __future__ import annotations

import re

from codemem_core.hookpath import json as quick_json
from codemem_core.retrieval.pack.excerpt import stems
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import apsw

    from codemem_core.retrieval.hit import Hit
    from codemem_core.retrieval.pack.quotes import Sessions

_STREAMS = """
    SELECT s.id, t.id FROM sessions s JOIN streams t
        ON t.source = s.source AND t.stream_id = s.stream_id
     WHERE s.id IN (SELECT value FROM json_each(?))
"""
_SHARED = 2
"""Telling words that two texts share when they may speak of the same thing."""
_SAME = 3
"""Telling words that a later sentence shares with what it says anew."""
_DENIES = re.compile(
    r"(?i)\b(?:not|no|never|none|without|undo(?:ne)?|wrong|again|cannot|nicht|kein\w*|nie|wieder|nunca|sin"
    r"|jamais|sans|pas|não|нет|не|без)\b|n't\b|不|没|別|ない|ません"
)
_NUMBER = re.compile(r"\d[\d.,_]*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")  # noqa: RUF001
_CHANGES = re.compile(
    r"(?i)\b(?:instead|no longer|not any ?more|renam|revert|roll(?:ed|ing)? back|back to|amend"
    r"|supersed|replac|chang(?:e[ds]|ing)\b|updat|drop(?:ped|ping|s)?\b|remov|switch|from now on"
    r"|statt|nicht mehr|zurück|umbenannt|ersetzt|en vez|ya no|au lieu|plus de)"
    r"|不再|改为|改成|替换|取代|やめ|変更|代わりに"
)


_ALIKE = 0.13
"""Cosine of two sessions' words, where the later one also says something anew."""


def amended(db: apsw.Connection, hits: Sequence[Hit], said: Sessions) -> dict[int, int | str]:
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


def with_newer(
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


def changes(later: str, earlier: str) -> bool:
    """Say whether a later text, of a session on the same subject, says anew what an earlier says.

    It shares three telling words in a sentence, or two beside a word of change, another number, or
    a denial where the earlier text denies nothing.
    """
    words, numbers = stems(earlier), set(_NUMBER.findall(earlier))
    denies = _DENIES.search(earlier) is not None
    for sentence in _SENTENCE.split(later):
        shared = len(words & stems(sentence))
        if shared >= _SAME or (
            shared >= _SHARED
            and (
                _CHANGES.search(sentence)
                or (numbers and set(_NUMBER.findall(sentence)) - numbers)
                or (not denies and _DENIES.search(sentence))
            )
        ):
            return True
    return False
