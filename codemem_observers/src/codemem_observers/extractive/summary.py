"""The session in one summary."""

from __future__ import annotations

import re

from codemem_core.records.memory import Summary
from codemem_observers.extractive.lessons import Lesson
from codemem_observers.extractive.naming import outcome, title_of
from codemem_observers.extractive.prose import Statement, clip, end_sentence, joined
from codemem_observers.extractive.shell import core
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.words import CAUSE, NEXT, RULE, says_something, without_pleasantry
from codemem_observers.extractive.work import proof

_VERIFY = re.compile(r"verif|test plan|manual test|how to test", re.IGNORECASE)
_BY_HAND = re.compile(
    r"\b(?:manual|manually|visual|visually|open|click|navigate|browser|confirm that|re-?run)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"`([^`\n]+)`")


def summarize(turns: list[Turn], lessons: list[Lesson]) -> Summary:
    """Return what the session was about; only what was asked, seen or said."""
    done = [turn for turn in turns if turn.changes or turn.commits]
    read = {path: seq for turn in turns for path, seq in turn.reads.items()}
    return Summary(
        request=_sentences([turn.request.text for turn in turns if turn.request.text], 600),
        investigated=_investigated(turns, list(read)),
        learned=_sentences([lesson.title for lesson in lessons] + _explained(turns), 900),
        completed=_sentences([_completed(turn) for turn in done], 1200),
        next_steps=_sentences(_next_steps(turns, lessons), 500),
        notes=_sentences(_notes(turns), 400),
        files_read=tuple(read)[:30],
        files_modified=tuple(sorted({c.path for turn in turns for c in turn.changes if c.path})),
        evidence=_evidence(turns, lessons),
    )


def _completed(turn: Turn) -> str:
    ended = sorted(outcome(turn), key=lambda s: s.seq not in turn.concluded)
    said = [without_pleasantry(s.text) for s in ended if not s.is_item][:2]
    title = title_of(turn)
    parts = [title, *(text for text in said if text[:40] != title[:40]), proof(turn)]
    return " ".join(end_sentence(clip(part)) for part in parts if part)


def _investigated(turns: list[Turn], read: list[str]) -> str:
    searched = list(dict.fromkeys(p for turn in turns for p in turn.searches))
    parts = []
    if read:
        parts.append(f"Read {joined([f'`{path}`' for path in read], limit=8)}")
    if searched:
        parts.append(f"Searched for {joined([f'`{clip(p, 60)}`' for p in searched], limit=6)}")
    return _sentences(parts, 700)


def _explained(turns: list[Turn]) -> list[str]:
    said = [
        s for turn in turns for s in outcome(turn) if CAUSE.search(s.text) or RULE.search(s.text)
    ]
    return [s.full for s in said[:5]]


def _notes(turns: list[Turn]) -> list[str]:
    """Return corrections by the user, and changes git knew of that were not made here."""
    notes = [f"The user corrected: “{t.request.title}”" for t in turns if t.request.corrects]
    touched = {c.path for turn in turns for c in turn.changes}
    others = [
        f"`{path}`"
        for path in dict.fromkeys(p for t in turns for p in t.modified)
        if path not in touched
    ]
    if others and touched:
        notes.append(
            f"The working tree also had changes, not made here, in {joined(others, limit=4)}"
        )
    return notes


def _next_steps(turns: list[Turn], lessons: list[Lesson]) -> list[str]:
    stated = [s.full for turn in turns[-2:] for s in turn.said if _is_next(s)]
    left = [lesson.text for lesson in lessons if not lesson.solved]
    return stated[:5] + left[:2] + _unseen_checks(turns)


def _unseen_checks(turns: list[Turn]) -> list[str]:
    """Return the verification steps of a plan whose command never ran, or that were by hand."""
    ran = " ".join(run.core for turn in turns for run in turn.runs)
    steps = [
        s for t in turns if t.changes for s in t.request.background if _VERIFY.search(s.section)
    ]
    unseen = [s for s in steps if s.is_item and not s.lead and not _was_run(s.text, ran)]
    return [f"Planned check, not seen done: {clip(s.text, 160)}" for s in unseen[:4]]


def _was_run(step: str, ran: str) -> bool:
    commands = [span for span in _SPAN.findall(step) if " " in span]
    if not commands:
        return not _BY_HAND.search(step)
    return any(command in ran or core(command) in ran for command in commands)


def _is_next(statement: Statement) -> bool:
    in_section = NEXT.search(statement.section) or NEXT.search(statement.lead)
    return says_something(statement.text) and bool(in_section or NEXT.search(statement.text))


def _evidence(turns: list[Turn], lessons: list[Lesson]) -> tuple[int, ...]:
    used = {seq for lesson in lessons for seq in lesson.evidence}
    for turn in turns:
        used.update(turn.prompt_seqs)
        used.update(statement.seq for statement in turn.said)
        used.update(seq for change in turn.changes for seq in change.seqs)
        used.update(run.seq for run in turn.runs if run.checks or run.commit)
        used.update([*turn.reads.values(), *turn.searches.values()])
    return tuple(sorted(used))


def _sentences(parts: list[str], limit: int) -> str:
    return clip(" ".join(end_sentence(part) for part in dict.fromkeys(parts) if part), limit)
