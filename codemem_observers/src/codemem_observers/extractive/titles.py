"""Titles: one statement, whole, that a reader would look for."""

from __future__ import annotations

import re

from codemem_observers.extractive.lexicon import Lexicon, lexicon_of
from codemem_observers.extractive.markdown import Statement, topic_of
from codemem_observers.extractive.phrasing import masked

MAX_TITLE = 120
"""Characters; longer statements end at a clause."""
MIN_WORDS = 2
"""Words outside code."""
MIN_CLAUSE = 36
"""Characters that must be left of a statement that was shortened."""

_BREAK = re.compile(r"\s[—\u2013]\s|[;；](?:\s|$)|[，、。]|,\s|:\s|\s->\s|\s→\s")  # noqa: RUF001
_ASIDE = re.compile(r"\s*\([^()]*\)")
_AFTER_OPENING = re.compile(r"[\s,.!:;，。！：—\u2013-]*")  # noqa: RUF001
_PUNCTUATION = re.compile(r"\s*[,.!:;，。！：—\u2013]|\s-\s")  # noqa: RUF001
_LABELLED = re.compile(r"^(`[^`\n]+`|[\w./ -]{3,40}):?\s+(?:[—\u2013-]\s+)|^(`[^`\n]+`):\s+")
_LONG_PATH = re.compile(r"`[^`\s]*/([^`\s/]+\.\w+(?::\d+)?)`")
_LIST_NUMBER = re.compile(r"^(?:\(?\d+[.)]|\d+\s*[—\u2013-])\s+")
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"`[^`]+`|\S[_/.()-]\S|[a-z][A-Z]|\d")
_MAX_OPENINGS = 3


def title_of(statement: Statement) -> str:
    """Return a statement as a title, under its topic where it needs one; empty when unfit."""
    topic = topic_of(statement) if statement.is_item or len(statement.text) < 60 else ""
    topic = "" if statement.words.proposal.search(topic) else topic
    return titled(statement.text, _short_topic(topic), statement.words)


def titled(text: str, topic: str = "", words: Lexicon | None = None) -> str:
    """Return a sentence as a title: no opening, no aside, ended at a clause; empty when unfit."""
    words = words or lexicon_of(text)
    text = without_opening(text, words).rstrip(" .。")
    if label := _LABELLED.match(text):
        topic, text = _short_topic(label[1] or label[2]), text[label.end() :]
        text = text[:1].upper() + text[1:]
    if not stands_alone(text, words):
        return ""
    bare = topic.strip("`“”").lower()
    if topic and bare not in text.lower():
        text = f"{topic}: {text}"
    text = shortened(text)
    if words.spaced and len(_WORD.findall(masked(text))) < MIN_WORDS:
        return ""  # a bare path or command states nothing
    return text if telling(text, words) >= 3 or _NAME.search(text) else ""


def without_opening(text: str, words: Lexicon | None = None) -> str:
    """Return a sentence without `Done!`, `Yes,`, `I have now` and list numbers in front."""
    words = words or lexicon_of(text)
    rest = without_greeting(text, words)
    if person := words.first_person.match(rest):
        rest = rest[person.end() :].lstrip()
    return rest[:1].upper() + rest[1:] if rest and rest != text else text


def without_greeting(text: str, words: Lexicon) -> str:
    """Return a sentence without what greets or joins in front of it."""
    rest = _LIST_NUMBER.sub("", text.strip())
    for _ in range(_MAX_OPENINGS):
        match = words.opening.match(rest)
        if not (match and _PUNCTUATION.match(rest[match.end() :])):
            match = words.joining.match(rest)
        if not match:
            break
        rest = rest[match.end() :]
        rest = rest[_AFTER_OPENING.match(rest).end() :]  # type: ignore[union-attr]
    return rest


def stands_alone(text: str, words: Lexicon) -> bool:
    """Say whether a sentence can be understood without the one before, and asks nothing."""
    if not text or text.endswith(("?", ":", "？", "：")) or text.startswith("("):  # noqa: RUF001
        return False
    return not words.dependent.match(text)


def telling(text: str, words: Lexicon) -> int:
    """Return how many words say something; characters, two for one, where none are spaced."""
    if not words.spaced:
        return len(text) // 3
    return len({w for w in _WORD.findall(text.lower()) if len(w) > 1 and w not in words.common})


def shortened(text: str, limit: int = MAX_TITLE) -> str:
    """Return at most `limit` characters, ended at a clause: never cut with an ellipsis."""
    text = " ".join(text.split())
    if len(text) > limit:
        text = _without_asides(_LONG_PATH.sub(r"`\1`", text))
    if len(text) <= limit:
        return text
    outside = masked(text)
    ends = [m.start() for m in _BREAK.finditer(outside, MIN_CLAUSE, limit + 1)]
    if not ends:
        clause = lexicon_of(text).clause
        ends = [m.start() for m in clause.finditer(outside, MIN_CLAUSE, limit + 1)]
    end = ends[-1] if ends else _last_space(outside, limit)
    return _closed(text[:end])


def _without_asides(text: str) -> str:
    outside = masked(text)
    kept, at = "", 0
    for aside in _ASIDE.finditer(outside):
        kept, at = kept + text[at : aside.start()], aside.end()
    return kept + text[at:]


def _last_space(outside: str, limit: int) -> int:
    """Return where the last word ends that fits and is not one of those that join."""
    head = outside[: limit + 1]
    words = lexicon_of(outside)
    end = head.rfind(" ") if " " in head else limit
    while end > MIN_CLAUSE and head[:end].rpartition(" ")[2].lower() in words.common:
        end = head[:end].rfind(" ")
    return end


def _closed(text: str) -> str:
    """Return the text without an open bracket, quotation or code span, and no loose end."""
    for opened, closed in (("(", ")"), ("“", "”"), ("[", "]")):
        if text.count(opened) > text.count(closed):
            text = text[: text.rfind(opened)]
    if text.count("`") % 2:
        text = text[: text.rfind("`")]
    if text.count('"') % 2:
        text = text[: text.rfind('"')]
    return text.rstrip(" ,;:.—\u2013-，、。")  # noqa: RUF001


def _short_topic(topic: str) -> str:
    """Return a path's last part, other topics as they are."""
    inner = topic.strip("`")
    if topic.startswith("`") and "/" in inner:
        return f"`{inner.rstrip('/').rpartition('/')[2]}`"
    return topic
