"""When a prompt gives no reason to speak, and which memories it gives a reason to tell.

A go-ahead, thanks or a routine order asks for nothing, in any language; a word in common is no
reason. Only what is injected unasked is judged by this: whoever asks the memory is answered.

On the hook path: `os` and `re` beside modules that are on it.
"""

from __future__ import annotations

import os
import re

from codemem_core.store.tokenize import leans, telling_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codemem_core.retrieval.hit import Found, Hit

_FILE = os.path.join(os.path.dirname(__file__), "quiet_words.txt")
_LEAST_WORDS = 2
"""Telling words that a memory and a prompt must share."""
_NEAR = 0.55
"""Share of the best hit's score, and of the words it shares, below which a hit is left out."""
_TELLING = 0.6
"""What shared words must tell together; 1 is a word that stands in one memory alone."""
_AS_MUCH = 0.75
"""The same, of what the best hit shares: where all speak of one thing its words are common."""
_SHARE = 0.4
"""Of the telling words of a prompt that a memory must share where an answer is hardly likely."""
_SURE, _UNSURE = 0.7, 0.4
_MOST, _SOME, _FEW = 5, 4, 3
"""Memories at most for a prompt that the store surely, likely or hardly knows an answer to."""
_OF_SESSION = 2
"""Memories of one session at most."""
_SUMMARY = "session_summary"
# Compiled by `re` when one turns up: 2 ms that most prompts need not wait for.
_ADDRESS = r"\bhttps?://\S+"
_CJK = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"


def reasons(text: str) -> list[str]:
    """Return the words of a prompt that are a reason to search, each once; none for small talk.

    Digits, single letters and addresses are none; a term of several words stands for an identifier.
    """
    words, phrases = _quiet()
    if "://" in text:
        text = re.sub(_ADDRESS, " ", text)
    if not text.isascii() and re.search(_CJK, text):
        for phrase in phrases:
            text = text.replace(phrase, " ")
    return [
        term
        for term in dict.fromkeys(telling_words(text))
        if term not in words and len(term) > 1 and not term.replace(" ", "").isdigit()
    ]


def leant(text: str, around: str) -> list[str]:
    """Return the reasons of a prompt; one of hardly any leans on what the work is about."""
    own = reasons(text)
    return [*own, *reasons(around)] if own and leans(text) else own


def worth_telling(hits: Sequence[Hit], found: Found, asked: Collection[str]) -> list[Hit]:
    """Return of `hits` those that a prompt gives a reason for, best first.

    `asked` are its telling words; what is near in meaning needs none in common. The less sure it is
    that `found` has an answer, the fewer.
    """
    shared, near = {hit.id: _shared(hit, asked) for hit in hits}, found.near
    best = _weight(shared[hits[0].id], found) if hits else 0.0
    share = 0.0 if found.confidence >= _UNSURE else _SHARE
    telling = [
        hit
        for hit in hits
        if hit.id in near
        or (
            _is_reason(shared[hit.id], asked)
            and len(shared[hit.id]) >= share * len(asked)
            and _weight(shared[hit.id], found) >= min(_TELLING, _AS_MUCH * best)
        )
    ]
    if not telling or not asked:
        return []
    least = _NEAR * telling[0].score
    words = _NEAR * max(len(shared[hit.id]) for hit in telling)
    kept = [
        hit
        for hit in telling
        if hit.score >= least and (hit.id in near or len(shared[hit.id]) >= words)
    ]
    claims = [hit for hit in kept if hit.kind != _SUMMARY]
    kept = claims or kept[:1]
    most = _MOST if found.confidence >= _SURE else _SOME if found.confidence >= _UNSURE else _FEW
    return _uncrowded(kept)[:most]


def of_quoted(
    found: Found, told: Sequence[Hit], sessions: Collection[int], asked: Collection[str]
) -> list[Hit]:
    """Return `told` with what the quoted sessions left behind beside it, best first.

    A session that answers is on the subject: of its memories rare words are reason enough. A
    summary has its place where nothing else of its session is told.
    """
    beside = [
        hit
        for hit in found
        if hit.session_id in sessions
        and hit not in told
        and _weight(_shared(hit, asked), found) >= _TELLING
    ]
    claims = [hit for hit in beside if hit.kind != _SUMMARY and hit.outdated_by is None]
    both = [*told, *claims[: max(0, _MOST - len(told))]]
    with_claims = {hit.session_id for hit in both if hit.kind != _SUMMARY}
    return [hit for hit in both if hit.kind != _SUMMARY or hit.session_id not in with_claims]


def why_silent(
    asked: Collection[str], found: Found, fit: Sequence[Hit], chosen: Sequence[Hit], *, least: float
) -> str:
    """Return in one line why nothing is injected for a prompt.

    `asked` are its telling words, `fit` what may answer it, `chosen` what there is a reason to
    tell: then all of that is in the session already.
    """
    if not asked:
        return "it asks for nothing: a go-ahead, thanks or a routine order"
    if not found:
        return f"no memory has one of its words: {', '.join(asked)}"
    if not fit:
        return (
            f"the best match answers it with a confidence of {found.confidence:.2f},"
            f" and {least:.2f} is needed"
        )
    if not chosen:
        shared = ", ".join(_shared(fit[0], asked)) or "none"
        return f"too few words in common with the best match, [{fit[0].id}]: {shared}"
    return "everything that fits was given to this session before"


def _is_reason(shared: Sequence[str], asked: Collection[str]) -> bool:
    """Say whether words are reason enough: two, or the one that was asked, or an identifier."""
    return len(shared) >= min(_LEAST_WORDS, len(asked)) and (
        len(shared) >= _LEAST_WORDS or any(" " in word or not word.isalpha() for word in shared)
        or len(asked) == 1
    )  # fmt: skip


def _weight(words: Sequence[str], found: Found) -> float:
    return sum(found.weights.get(word, 0.0) for word in words)


def _shared(hit: Hit, asked: Collection[str]) -> list[str]:
    return [term for term in hit.matched if term in asked]


def _uncrowded(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits without the third and further ones of a session."""
    counts: dict[int, int] = {}
    kept = []
    for hit in hits:
        counts[hit.session_id] = counts.get(hit.session_id, 0) + 1
        if counts[hit.session_id] <= _OF_SESSION:
            kept.append(hit)
    return kept


def _quiet() -> tuple[frozenset[str], list[str]]:
    """Return the words, and the CJK phrases, longest first."""
    with open(_FILE, encoding="utf-8") as lines:
        told = [word for line in lines if not line.startswith("#") for word in line.split()[1:]]
    phrases = [
        word for word in told if word >= "\u3040"
    ]  # the first of `_CJK`; the list has nothing behind it
    return frozenset(told), sorted(set(phrases), key=len, reverse=True)
