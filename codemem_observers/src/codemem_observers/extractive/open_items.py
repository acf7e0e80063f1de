"""What is open at the end of a stretch: what was left, refused, broken off, failing or offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from codemem_observers.extractive.lexicon import lexicon_of
from codemem_observers.extractive.markdown import Statement, topic_of
from codemem_observers.extractive.phrasing import end_sentence, joined, masked
from codemem_observers.extractive.titles import without_opening
from codemem_observers.extractive.turns import Outcome, Turn
from codemem_observers.extractive.weight import weight
from codemem_observers.extractive.work import failing

MAX_ITEMS = 5
MIN_PROSE = 12
"""Characters of a sentence that can say what is left."""
MAX_OFFERED = 280
"""Characters of a question that waits for the user's answer."""
_NAMED = re.compile(r"`([^`]+)`|\b([a-z]+[A-Z]\w+|\w+_\w+|[\w-]+\.\w{1,4}|#\d+)\b")
_COMMIT = re.compile(r"\bcommit", re.IGNORECASE)
_TODO = re.compile(r"(?:^|[/_.-])(?:todos?|backlog)\b", re.IGNORECASE)
_DONE = re.compile(r"\b(?:done|closed|completed|archive)\b", re.IGNORECASE)
_WORD = re.compile(r"\w{3,}")


def open_items(turns: list[Turn]) -> list[str]:
    """Return what is open, the surest first; empty when nothing is."""
    found: list[str] = []
    for at, turn in enumerate(turns):
        later = turns[at + 1 :]
        for item in _left_by(turn, turns[at - 1] if at else None, is_last=not later):
            if not _done_by(item, later):
                found.append(end_sentence(item))
    if turns and (paths := _uncommitted(turns)):
        found.append(f"Not committed: {joined(paths, limit=3)}.")
    return list(dict.fromkeys(reversed(found)))[:MAX_ITEMS]


def _left_by(turn: Turn, before: Turn | None, *, is_last: bool) -> Iterator[str]:
    yield from _broken_off(turn, before, is_last=is_last)
    yield from (_full(s) for s in turn.conclusion if is_left(s, headed_only=not is_last))
    yield from (f"Noted for later: {todo}" for todo in _todos(turn))
    if not is_last:
        return
    if turn.changes and (bad := failing(turn)):
        yield f"Still failing: {joined(bad)}"
    yield from _offered(turn)


def _broken_off(turn: Turn, before: Turn | None, *, is_last: bool) -> Iterator[str]:
    """Yield what was asked for and not done, with where it stopped."""
    asked = turn.request.title
    if turn.broken_off is Outcome.REFUSED:
        what = ": ".join(filter(None, (asked, turn.draft_title or _intended(turn, before))))
        said = [answer.text for answer in turn.answers if not answer.question]
        why = f" (“{said[-1]}”)" if said else ""
        yield f"Not carried out, the user declined: {what}{why}"
    elif turn.broken_off is Outcome.INTERRUPTED and (asked or turn.order):
        yield f"Interrupted: {_unfinished(turn)}"
    elif turn.outcome is Outcome.OPEN and (asked or turn.order):
        yield f"Not finished: {_unfinished(turn)}"
    elif turn.follow_up and is_last:
        yield f"Not finished: “{turn.follow_up}” ({asked})"


def _uncommitted(turns: list[Turn]) -> list[str]:
    """Return the files whose changes the user spoke of committing, and which were not."""
    if not _COMMIT.search(turns[-1].request.text):
        return []
    last_commit = max((run.seq for turn in turns for _, run in turn.commits), default=-1)
    left = [c for turn in turns for c in turn.changes if max(c.seqs, default=-1) > last_commit]
    return [f"`{path}`" for path in dict.fromkeys(change.path for change in left)]


def is_left(statement: Statement, *, headed_only: bool = False) -> bool:
    """Say whether the assistant says that something is still to do.

    A row of a table is somebody's list, not what this session left.
    """
    text, words = statement.text, statement.words
    if statement.is_open:
        return True
    if statement.row >= 0 or words.offer.search(text):
        return False
    if text.endswith((":", "?", "：", "？")):  # noqa: RUF001 - full width
        return False
    if is_listed_as_left(statement):
        return True
    in_prose = len(text) >= MIN_PROSE and not (headed_only or statement.is_item)
    return in_prose and bool(words.next.search(text) and not words.finished.match(text))


def is_listed_as_left(statement: Statement) -> bool:
    """Say whether a statement stands under a heading of what is to be done."""
    labels = (statement.section, statement.lead)
    return any(statement.words.next.match(label) for label in labels if label)


def _todos(turn: Turn) -> Iterator[str]:
    """Yield what the turn wrote into the project's own list of things to do."""
    for change in turn.changes:
        if _TODO.search(change.path) and not (change.deleted or _DONE.search(change.path)):
            name = re.sub(r"[\d_-]+", " ", PurePosixPath(change.path).stem).strip()
            yield f"{name} (`{change.path}`)"


def _full(statement: Statement) -> str:
    if len(_WORD.findall(masked(statement.text))) < 2 and statement.lead:
        return f"{statement.lead.rstrip(':')}: {statement.text}"  # a bare command
    topic = topic_of(statement) if statement.is_item else ""
    if topic and not statement.words.next.search(topic) and topic not in statement.text:
        return f"{topic}: {statement.text}"
    return without_opening(statement.text, statement.words)


def _intended(turn: Turn, before: Turn | None) -> str:
    """Return the weightiest of what the assistant said before the user said no."""
    told = [s for s in turn.said if s.seq < turn.refused and weight(s) >= 1]
    told = told or (before.conclusion if before else [])
    best = max((s for s in told if weight(s) >= 1), key=weight, default=None)
    return without_opening(best.text, best.words).rstrip(":.") if best else ""


def _unfinished(turn: Turn) -> str:
    """Return what was asked and where the work stood."""
    asked = turn.request.text or turn.request.title
    if turn.is_concluded and turn.follow_up:
        return f"“{turn.follow_up}” ({turn.request.title})"
    last = next((s.text for s in reversed(turn.said) if len(s.text) > 20), "")
    parts = [asked, last.rstrip(":")]
    return " ".join(end_sentence(part) for part in dict.fromkeys(parts) if part)


def _offered(turn: Turn) -> Iterator[str]:
    """Yield the question or offer that the last message ends with, with what it is about."""
    said = turn.conclusion
    if not said:
        return
    last = said[-1]
    words = last.words
    if words.offer.search(last.text) or last.text.endswith(("?", "？")):  # noqa: RUF001
        about = said[-2].text if len(said) > 1 and len(last.text) < 60 else ""
        text = f"{end_sentence(about)} {last.text}".strip()
        yield f"Waiting for the user: {text if len(text) <= MAX_OFFERED else last.text}"


def _done_by(item: str, later: list[Turn]) -> bool:
    """Say whether a later turn did what an item says is open."""
    names = {one or other for one, other in _NAMED.findall(item)}
    wanted = {word.lower() for word in _WORD.findall(item)} - lexicon_of(item).common
    for turn in later:
        if turn.outcome is not Outcome.DONE or not (turn.changes or turn.commits or turn.said):
            continue
        told = _told(turn)
        if names and all(name in told for name in names):
            return True
        words = {word.lower() for word in _WORD.findall(told)}
        if wanted and len(wanted & words) >= 0.6 * len(wanted):
            return True
    return False


def _told(turn: Turn) -> str:
    commits = [f"{c.subject} {' '.join(c.body)}" for c, _ in turn.commits]
    paths = [change.path for change in turn.changes]
    ran = [run.core for run in turn.runs if run.ok]
    return " ".join((turn.request.text, *(s.text for s in turn.said), *commits, *paths, *ran))
