"""A memory as one line of a pack, cut around the sentence that answers.

On the hook path: `functools`, `itertools` and `re` beside modules that are on it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from codemem_core.retrieval.pack.render import body, clip_to, head, tokens
from codemem_core.store.tokenize import is_stop_word, plain_form, telling_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemem_core.retrieval.hit import Hit

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")  # noqa: RUF001
_NAME = re.compile(r"[^\W_]+")
_ENDINGS = ("ing", "ed", "es", "s", "e")
_MARK_TOKENS = 2
_LEAST_TOKENS = 16
"""A shorter body says too little."""


def line(
    hit: Hit, *, room: int, asked: Mapping[str, float], state: str = "", is_recap: bool = False
) -> str:
    """Return `[id] (kind) 2026-01-31: title - body` in `room` tokens, or nothing.

    `state` says what became of the memory. A body of which hardly anything fits in is left out with
    its title.
    """
    start, text = head(hit, state=state), body(hit, is_recap=is_recap)
    left = room - tokens(start) - (2 if text else 0)
    if not text:
        return start if left >= 0 else ""
    shown = excerpt(text, room=left, asked=asked)
    return f"{start} - {shown}" if shown == text or (left >= _LEAST_TOKENS and shown) else ""


def excerpt(text: str, *, room: int, asked: Mapping[str, float]) -> str:
    """Return `text`, which is one line, in `room` tokens.

    `asked` are the words of the question and how much each tells, as `stems` cuts them. The
    sentence that holds most of them stands in the middle of what is kept.
    """
    if tokens(text) <= room:
        return text
    sentences = [part for part in _SENTENCE.split(text) if part]
    worth = [sum(asked.get(word, 0.0) for word in stems(part)) for part in sentences]
    best = max(range(len(sentences)), key=lambda at: (worth[at], -at))
    if not worth[best]:
        return clip_to(text, room)
    first, last = _grown(sentences, best, room - 2 * _MARK_TOKENS)
    if first > last:
        return clip_to(sentences[best], room)
    kept = " ".join(sentences[first : last + 1])
    return ("… " if first else "") + kept + (" …" if last < len(sentences) - 1 else "")


def _grown(sentences: list[str], best: int, room: int) -> tuple[int, int]:
    """Return the first and last sentence around `best` that fit; what follows before what leads."""
    first, last = best, best - 1
    room -= tokens(sentences[best])
    if room < 0:
        return first, last
    last = best
    while True:
        after = tokens(sentences[last + 1]) + 1 if last + 1 < len(sentences) else room + 1
        before = tokens(sentences[first - 1]) + 1 if first else room + 1
        if after <= room:
            last, room = last + 1, room - after
        elif before <= room:
            first, room = first - 1, room - before
        else:
            return first, last


def stems(text: str) -> set[str]:
    """Return the telling words of a text without their commonest endings."""
    return set(chain.from_iterable(map(_stems_of, set(_NAME.findall(plain_form(text))))))


@lru_cache(maxsize=16_384)
def _stems_of(name: str) -> tuple[str, ...]:
    """Return what `stems` makes of one run of letters and digits; texts repeat their words."""
    if name.islower() and name.isascii() and name.isalpha():
        return () if is_stop_word(name) else (stem(name),)  # nearly every word, at a fifth
    return tuple(map(stem, telling_words(name)))


def stem(word: str) -> str:
    """Cut the commonest endings: enough to see that two texts speak of the same."""
    if word.endswith(_ENDINGS):
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) >= len(ending) + 4:
                return word[: -len(ending)]
    return word
