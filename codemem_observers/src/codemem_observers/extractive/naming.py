"""What a turn is called, which kind it is, and what was said of its outcome."""

from __future__ import annotations

import re

from codemem_observers.extractive.prose import MAX_TITLE, Statement, clip, joined
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.words import (
    CAUSE,
    VERIFIED,
    explains,
    says_something,
    without_pleasantry,
)

_PREFIX = re.compile(r"^(\w+)(?:\([^)]*\))?!?:\s")
_BY_PREFIX = {
    "fix": "bugfix",
    "hotfix": "bugfix",
    "bug": "bugfix",
    "feat": "feature",
    "feature": "feature",
    "refactor": "refactor",
    "docs": "change",
    "chore": "change",
    "test": "change",
    "style": "change",
    "build": "change",
    "ci": "change",
    "perf": "change",
}
_BY_WORD = (
    (
        "bugfix",
        re.compile(
            r"\b(?:fix(?:e[sd]|ing)?|bug|broken|crash(?:es|ed)?|regression|repair|"
            r"resolve[sd]?|wrong)\b"
        ),
    ),
    (
        "refactor",
        re.compile(
            r"\b(?:refactor|rename|move|extract|simplif|clean ?up|dedup|reorgani[sz]e|split|"
            r"consolidate)"
        ),
    ),
    ("feature", re.compile(r"\b(?:add|implement|create|introduce|support|enable|build|new)\b")),
)
_BROKEN = re.compile(r"\b(?:fix|bug|broken|crash\w*|fail(?:s|ed|ing|ure)?)\b", re.IGNORECASE)
_COMMIT_TALK = re.compile(r"^(?:committed|commit\b|pushed|the commit|pre-commit)", re.IGNORECASE)


def outcome(turn: Turn) -> list[Statement]:
    """Return what the assistant said of the result, without chatter and repeated measurements."""
    kept: dict[str, Statement] = {}
    subjects = {commit.subject for commit, _ in turn.commits}
    for statement in turn.said:
        text = without_pleasantry(statement.text)
        if statement.seq not in turn.concluded and not explains(text):
            continue
        measured = VERIFIED.search(text) and not CAUSE.search(text) and len(text) < 140
        if says_something(text) and not (
            measured or _COMMIT_TALK.match(text) or any(subject in text for subject in subjects)
        ):
            kept.setdefault(text, statement)
    return list(kept.values())


def title_of(turn: Turn) -> str:
    """Return what the turn was about: the commit's subject, the request, or what was said."""
    own_title = turn.request.title and not turn.request.corrects
    if turn.commits and not (turn.commit_covers_more and own_title):
        return clip(turn.commits[-1][0].subject, MAX_TITLE)
    if own_title:
        return turn.request.title
    said = next((without_pleasantry(s.text) for s in outcome(turn) if not s.is_item), "")
    return clip((said or turn.request.title or _files_title(turn)).rstrip("."), MAX_TITLE)


def kind_of(turn: Turn) -> str:
    """Return the kind the evidence supports best: commit prefix, fixed tests, words, new files."""
    subject = turn.commits[-1][0].subject if turn.commits and not turn.commit_covers_more else ""
    if (prefix := _PREFIX.match(subject)) and prefix[1].lower() in _BY_PREFIX:
        kind = _BY_PREFIX[prefix[1].lower()]
        return "bugfix" if kind == "change" and _BROKEN.search(turn.request.title) else kind
    if _tests_were_fixed(turn):
        return "bugfix"
    for text in (subject, turn.request.title):
        opening = " ".join(text.lower().split()[:5])
        for kind, words in _BY_WORD:
            if words.search(opening):
                return kind
    if any(change.moved_to for change in turn.changes):
        return "refactor"
    return "feature" if any(change.created for change in turn.changes) else "change"


def _tests_were_fixed(turn: Turn) -> bool:
    """Say whether tests failed before the turn's first edit and pass at its end."""
    first_edit = min((seq for change in turn.changes for seq in change.seqs), default=-1)
    tests = [(run.seq, check) for run in turn.runs for check in run.checks if check.what == "tests"]
    before = [check.ok for seq, check in tests if seq < first_edit]
    return bool(before) and not all(before) and tests[-1][1].ok


def _files_title(turn: Turn) -> str:
    paths = joined([f"`{change.path.rpartition('/')[2]}`" for change in turn.changes], limit=3)
    return f"Changed {paths}" if paths else "Findings"
