"""Wording: text as sentences of words that can be compared, without what only style adds.

    "The checkpoints of the WAL are now run every 30 seconds."  ->  ("wal", "checkpoint", "=",
    "run", "every", "30", "s")

Numbers, identifiers and paths stay as they are, negations and prepositions too: they carry the
meaning. Articles and the like go, endings are cut, and verbs that say the same become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Sentence = tuple[str, ...]

IS = "="
"""Stands for is, are, = and a colon between a subject and its value."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)*")

_FILLERS = frozenset(
    "a an the this that these those it its be been being has have also now just then there here"
    " and so as which we our i my already currently please".split()
)
# After cutting endings. Only words that leave no doubt: what was dropped may be a packet.
_SAME_VERB = {
    **{"resolv": "fix", "repair": "fix"},
    **{"implement": "add", "introduc": "add", "creat": "add"},
    **{"delet": "remov", "utiliz": "us", "utilis": "us", "modify": "chang", "updat": "chang"},
}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("kb", "kib", "mb", "mib", "gb", "gib", "px", "rem", "em", "%"), ""),
    **{"percent": "%", "byte": "bytes", "bytes": "bytes", "token": "tokens", "tokens": "tokens"},
}
UNITS = frozenset(unit or name for name, unit in _UNITS.items())
"""What may stand after a number, as sentences have it."""

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+|(?<=[。！？])")  # noqa: RUF001
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|#+|\d+[.)])\s+")
# Where it was committed tells two claims apart as little as the day does.
_COMMITTED = re.compile(r"\bCommitted as [^.\n]*(?:\.|$)")
_GROUPED = re.compile(r"(?<=\d)[,_](?=\d{3}(?!\d))")
_NOT = re.compile(r"(?i)n['’]t\b|\bcannot\b")  # noqa: RUF001
# `rounding of the VAT` is VAT rounding.
_OF = re.compile(r"([\w./-]+) of (?:the |a |an )?([\w./-]+)")
_TOKEN = re.compile(
    r"[<>!=]=|[<>]|->|=|:(?=\s|$)|#?[^\W_](?:[\w./\\:@+#-]*\w)?%?|_\w+|(?<!\w)-\d[\d.]*"
)
_MEASURE = re.compile(r"(-?\d+(?:\.\d+)*)([A-Za-z]+|%)")
_PLAIN = re.compile(r"[A-Z]?[^\W\dA-Z_]+(?:-[^\W\dA-Z_]+)*|[A-Z]+")


def sentences(texts: Iterable[str]) -> tuple[Sentence, ...]:
    """Return the sentences of the texts in their order, each once, without those of no words."""
    told = (_COMMITTED.sub("", text) for text in texts)
    found = (tuple(_words(part)) for text in told for part in _SENTENCE_END.split(text))
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))


def is_name(word: str) -> bool:
    """Say whether a word of a sentence names a thing: an identifier, a path, a version."""
    odd = any(char.isupper() or not (char.isalpha() or char == "-") for char in word)
    return odd and any(char.isalpha() for char in word)


def told_alike(one: Sentence, other: Sentence) -> bool:
    """Say whether two sentences say the same: the same words in the same order.

    One half may stand before the other: "in X, Y" is "Y in X". Two words that change places may
    not: who waits for whom matters.
    """
    one, other = _without_is(one), _without_is(other)
    if one == other:
        return True
    if len(one) != len(other) or len(one) < 5 or _numbers(one) != _numbers(other):
        return False
    return any(one[at:] + one[:at] == other for at in range(1, len(one)) if one[at] == other[0])


def _without_is(sentence: Sentence) -> Sentence:
    return tuple(word for word in sentence if word != IS)


def _numbers(sentence: Sentence) -> list[str]:
    return [word for word in sentence if NUMBER.fullmatch(word)]


def _words(text: str) -> Iterator[str]:
    text = _GROUPED.sub("", _NOT.sub(" not", _LIST_MARK.sub("", text)))
    for token in _TOKEN.findall(_OF.sub(r"\2 \1", text)):
        word = token.lower()
        if word in {"is", "are", "=", ":"}:
            yield IS
        elif measure := _MEASURE.fullmatch(token):
            yield from _measured(token, measure[1], measure[2].lower())
        elif word in _UNITS:
            yield _UNITS[word] or word
        elif word not in _FILLERS:
            yield stem(word) if _PLAIN.fullmatch(token) else token


def _measured(token: str, number: str, unit: str) -> Iterator[str]:
    """Take `30s` apart; what has no unit we know stays whole, as `2fa` must."""
    if unit in _UNITS:
        yield from (number, _UNITS[unit] or unit)
    else:
        yield token


def stem(word: str) -> str:
    """Cut the endings of a lower-case word: fixes, fixed and fixing are one."""
    root = word
    if word.endswith("ies") and len(word) > 4:
        root = word[:-3] + "y"
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        root = word[:-1]
    for ending in ("ing", "ied", "ed"):
        if root.endswith(ending) and len(root) - len(ending) >= 3:
            root = root[: -len(ending)] + ("y" if ending == "ied" else "")
            if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
                root = root[:-1]
            break
    root = root[:-1] if root.endswith("e") and len(root) > 3 else root
    return _SAME_VERB.get(root, root)
