"""Whether a memory says what another says already, or something else about the same thing.

A wrong answer loses knowledge, a missed one leaves a repetition: in doubt it is neither. So a
sentence counts as told only when all its words are, in their order (`wording`), and a changed
value only where a value stands: "the timeout is 30 s", then "the timeout is 60 s".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import pairwise

from codemem_core.distil.normal_form import (
    IS,
    NUMBER,
    UNITS,
    Sentence,
    is_name,
    sentences,
    stem,
    told_alike,
)
from codemem_core.records.memory import Memory, NewMemory


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


# What stands before a number that counts or names, and is no value: issue 12, step 3.
_NUMBERED = _stems(
    "issue pr step phase task ticket line commit page part day round attempt run chapter test"
    " section case batch version release item option level row column week"
)
# What a number may stand after that is one.
_SETTINGS = _stems(
    "timeout limit port size ttl retry retries interval threshold budget max maximum min minimum"
    " capacity width height depth worker thread delay ratio rate quota ceiling floor"
)
_BEFORE_VALUE = frozenset({IS, "to", "at", "default", "than"}) | _SETTINGS
# What happened stays true when it happens again with another number.
_HAPPENED = _stems(
    "was were had did release merge close complete finish pass fail remove add fix ran run took"
    " found process migrate wrote score measure bump upgrade test report"
)
_OPPOSITES = tuple(
    _stems(words)
    for words in (
        *("enabled disabled", "on off", "true false", "yes no", "allowed forbidden"),
        *("allowed denied", "required optional", "always never", "synchronous asynchronous"),
    )
)
_JOINING = frozenset("to at of in on for from with by not than or per every".split())


class Wording:
    """What a memory says, ready to be compared."""

    def __init__(self, memory: Memory | NewMemory) -> None:
        self._memory = memory
        self.kind = memory.kind
        self.title = sentences([memory.title])
        self.files = frozenset(memory.files_modified)
        """Files it changed."""

    @cached_property
    def rest(self) -> tuple[Sentence, ...]:
        """Subtitle, body and facts, without what the title says; most titles tell them apart."""
        memory = self._memory
        told = sentences([memory.subtitle, memory.body, memory.narrative, *memory.facts])
        return tuple(sentence for sentence in told if not _is_told(sentence, self.title))


def is_same(new: Wording, old: Wording) -> bool:
    """Say whether the old memory says all that the new one does, about the same files."""
    if new.kind != old.kind or not new.files <= old.files or not new.title:
        return False
    if len(new.title) != len(old.title) or not _all_told(new.title, old.title):
        return False
    return _all_told(new.rest, (*old.rest, *old.title))


def takes_back(new: Wording, old: Wording) -> bool:
    """Say whether the new memory gives another value to what the old one states.

    Either the title does, or, under the same title, the text: then it must speak of everything
    else that the old one speaks of.
    """
    if new.kind != old.kind or len(new.title) != len(old.title) or not new.title:
        return False
    touched = bool(new.files & old.files)

    def revalues(one: Sentence, other: Sentence) -> bool:
        return _revalues(one, other, touched=touched)

    if len(new.title) == 1 and revalues(new.title[0], old.title[0]):
        return _may_be_one_subject(new, old)
    if not (_all_told(old.title, new.title) and _may_be_one_subject(new, old)):
        return False
    open_ones = [said for said in old.rest if not _is_told(said, new.rest)]
    return bool(open_ones) and all(_any(revalues, new.rest, said) for said in open_ones)


def _all_told(wanted: Iterable[Sentence], known: tuple[Sentence, ...]) -> bool:
    return all(_is_told(sentence, known) for sentence in wanted)


def _is_told(sentence: Sentence, known: tuple[Sentence, ...]) -> bool:
    return sentence in known or any(told_alike(sentence, one) for one in known)


def _any(
    revalues: Callable[[Sentence, Sentence], bool], new: tuple[Sentence, ...], old: Sentence
) -> bool:
    return any(revalues(sentence, old) for sentence in new)


def _may_be_one_subject(new: Wording, old: Wording) -> bool:
    """Say no where files or names show that they speak of different things."""
    if new.files and old.files and not new.files & old.files:
        return False
    names, others = _names(new), _names(old)
    return not names or not others or bool(names & others)


def _names(wording: Wording) -> set[str]:
    return {word for one in (*wording.title, *wording.rest) for word in one if is_name(word)}


def _revalues(new: Sentence, old: Sentence, *, touched: bool) -> bool:
    """Say whether one sentence is the other with another value; `touched`: of the same file."""
    if _HAPPENED.intersection(new):
        return False
    if len(new) != len(old):
        return _is_denied(new, old) or _is_denied(old, new)
    changed = [at for at, (one, other) in enumerate(zip(new, old, strict=True)) if one != other]
    if len(changed) != 1 or not _has_subject(new, changed[0], least=1 if touched else 2):
        return False
    at = changed[0]
    if frozenset({new[at], old[at]}) in _OPPOSITES:
        return True
    if NUMBER.fullmatch(new[at]) and NUMBER.fullmatch(old[at]):
        return _is_value(new, at)
    return _is_chosen(new, at)


def _is_denied(longer: Sentence, shorter: Sentence) -> bool:
    """Say whether the longer one is the other with a `not` after its `is`."""
    return any(
        pair == (IS, "not") and longer[: at + 1] + longer[at + 2 :] == shorter
        for at, pair in enumerate(pairwise(longer))
    ) and _has_subject(shorter, len(shorter), least=2)


def _has_subject(sentence: Sentence, at: int, *, least: int) -> bool:
    """Say whether enough words beside the value say what it is the value of."""
    told = [word for n, word in enumerate(sentence) if n != at and word.isalpha()]
    return len([w for w in told if w not in _JOINING and w not in UNITS]) >= least


def _is_value(sentence: Sentence, at: int) -> bool:
    """Say whether the number there is what something is set to."""
    before = sentence[at - 1] if at else ""
    after = sentence[at + 1] if at + 1 < len(sentence) else ""
    return before not in _NUMBERED and (before in _BEFORE_VALUE or after in UNITS)


def _is_chosen(sentence: Sentence, at: int) -> bool:
    """Say whether the last word is what is chosen: `the default branch is main`."""
    if at != len(sentence) - 1 or sentence[at - 1] not in {IS, "to"}:
        return False
    return "default" in sentence[:at] or sentence[at - 2 : at] == ("set", "to")
