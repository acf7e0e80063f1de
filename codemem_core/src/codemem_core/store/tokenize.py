"""Words: how text becomes search terms, for what is indexed and for what is asked.

On the hook path: stdlib `re` only.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_TERMS = 32
"""Terms of one query; also the bits of `search`'s mask of matched terms."""
# A text of fewer telling words asks for hardly anything of its own.
_TELLING = 3
_ENGLISH_SIGNS = 2
"""English function words that show a text to be English."""
_MAX_TAGS = 20
_MAX_TAG_CHARS = 40
# Identifiers whose parts are indexed; a long body full of code has about 60.
_MAX_HIDDEN = 200

_TAG_STOP_WORDS = frozenset(
    "a an and are as at be but by for from has have i in is it me my next of on or our should so"
    " that the their them then there this to up was we were what when where which who with you"
    " your".split()
)
# The short ones are what an apostrophe leaves: what's, we'll, don't.
_QUERY_STOP_WORDS = _TAG_STOP_WORDS | frozenset(
    "about after all also am any because been before being can could did do does doing done get"
    " got had having he her here hers him his how if into its itself just let might more most no"
    " nor not now off once only other ours out over own please same she some such than theirs"
    " these they those through too under until us very while whom why will would yours"
    " d ll m re s t ve didn doesn don isn wasn won".split()
)

ORDERS = frozenset(
    "again ahead build check commit continue correct execute fix go good great improve looks make"
    " merge okay ok perfect proceed push redo release retry revert run save start stop test tests"
    " thanks try undo update yes".split()
)
"""Words of prompts that say what to do and not with what."""

_NAME = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"[A-Z]+(?![^\W\dA-Z_])|[A-Z]?[^\W\dA-Z_]+|\d+")
# Chinese, Japanese and Korean letters: FTS5 keeps a run of them as one token. Compiled when one
# turns up, because that takes 2 ms.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_SAME_LETTER = {0x0451: 0x0435, 0x0401: 0x0415}
_SCRIPT_RUN = f"[{_CJK}]+|[^{_CJK}]+"


def plain_form(text: str) -> str:
    """Return text in the form in which words are compared, whatever keyboard wrote them.

    One form of each letter and width (NFKC), and no Cyrillic yo: most people type ye.
    """
    if text.isascii():
        return text
    import unicodedata  # noqa: PLC0415 - a library of its own; most text on the hook path is ASCII

    return unicodedata.normalize("NFKC", text).translate(_SAME_LETTER)


def query_terms(text: str) -> list[str]:
    """Return what to search for: lower-case terms in the order asked, each once.

    A term of several words is a phrase (`parseDate` asks for `parsedate` and `parse date`).
    Stop-words are left out, unless the text has nothing else.
    """
    terms = list(dict.fromkeys(_terms(text)))
    telling = [term for term in terms if term not in _QUERY_STOP_WORDS]
    if telling and len(terms) - len(telling) < _ENGLISH_SIGNS:
        telling = _in_other_languages(text, telling) or telling
    return (telling or terms)[:MAX_TERMS]


def _in_other_languages(text: str, terms: list[str]) -> list[str]:
    """Return the terms of a text that is most likely not English, without its function words."""
    from codemem_core.store import function_words  # noqa: PLC0415 - rarely needed on the hook path

    if any(map(_is_cjk, terms)):
        terms = list(dict.fromkeys(_terms(function_words.without_asking(text))))
        return [term for term in terms if len(term) > 1 and term not in _QUERY_STOP_WORDS]
    return function_words.without_function_words(terms)


def telling_words(text: str) -> list[str]:
    """Return all terms of a text but the stop-words, in their order; repeated ones too."""
    return [term for term in _terms(text) if term not in _QUERY_STOP_WORDS]


def is_stop_word(word: str) -> bool:
    """Say whether a lower-case word tells nothing of what a text is about."""
    return word in _QUERY_STOP_WORDS


def leans(text: str) -> bool:
    """Say whether a text has hardly any telling words: "fix it", "now the tests"."""
    return len([term for term in _terms(text) if term not in _QUERY_STOP_WORDS]) < _TELLING


def tags_of(kind: str, concepts: Iterable[str], files: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of a memory, at most 20.

    They are its kind, its concepts, and of each file the name, its folder and the top folder.
    """
    words = [kind, *concepts]
    for path in files:
        words += _path_tags(path)
    return tuple(dict.fromkeys(tag for tag in map(_tag, words) if tag))[:_MAX_TAGS]


def hidden_words(text: str) -> str:
    """Return the words that FTS5 does not see in `text`, space-separated, at most 200.

    The parts of identifiers, and the pairs of letters that make Chinese, Japanese and Korean text
    findable. They are indexed, never shown.
    """
    return " ".join(list(dict.fromkeys(_hidden_words(text)))[:_MAX_HIDDEN])


def _terms(text: str) -> Iterator[str]:
    for name in _NAME.findall(plain_form(text)):
        for word in _script_runs(name):
            if _is_cjk(word):
                yield from _pairs(word)
                continue
            yield word.lower()
            parts = _split(word)
            if parts:
                yield " ".join(parts)


def _hidden_words(text: str) -> Iterator[str]:
    """Find the words that FTS5 does not see because they are grown together, in their order."""
    plain = plain_form(text)
    seen = set(_NAME.findall(text)) if plain != text else ()
    for name in dict.fromkeys(_NAME.findall(plain)):
        if name.islower() and name.isascii() and name.isalpha() and not seen:
            continue  # nothing in it; nearly every word, and the quickest look
        if seen and name not in seen:
            yield name.lower()  # FTS5 has it in another form
        words = _script_runs(name)
        for word in words:
            parts = list(_pairs(word)) if _is_cjk(word) else _split(word)
            if parts:
                yield " ".join(parts)
            elif len(words) > 1:
                yield word.lower()


def _script_runs(name: str) -> list[str]:
    return [name] if name.isascii() else re.findall(_SCRIPT_RUN, name)


def _is_cjk(word: str) -> bool:
    return not word.isascii() and re.match(f"[{_CJK}]", word) is not None


def _split(word: str) -> list[str]:
    """Return the parts of `parseHTTPDate2`: parse, http, date, 2; nothing for a plain word."""
    parts = _PIECE.findall(word)
    return [part.lower() for part in parts] if len(parts) > 1 else []


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(max(1, len(run) - 1)))


def _path_tags(path: str) -> list[str]:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    return [*parts[-1:], *parts[-2:-1], *(parts[:1] if len(parts) >= 3 else [])]


def _tag(text: str) -> str:
    tag = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:_MAX_TAG_CHARS]
    return "" if tag in _TAG_STOP_WORDS else tag
