"""The session in one summary."""

from __future__ import annotations

from codemem_core.api import Summary
from codemem_observers.extractive.claims import Claim
from codemem_observers.extractive.open_items import open_items
from codemem_observers.extractive.outcomes import Withdrawn
from codemem_observers.extractive.phrasing import joined, paragraph, within
from codemem_observers.extractive.project_card import CONCEPT
from codemem_observers.extractive.turns import Outcome, Turn

MAX_REQUESTS = 80
MAX_COMPLETED = 150
MAX_LEARNED = 100
"""Words of a section."""
_DOES = frozenset({"bugfix", "feature", "refactor", "change"})


def summarize(turns: list[Turn], claims: list[Claim], withdrawn: Withdrawn) -> Summary:
    """Return what the session was about; only what was asked, seen or said."""
    read = {path: seq for turn in turns for path, seq in turn.reads.items()}
    done = [claim.title for claim in claims if claim.kind in _DOES]
    learned = [c.title for c in claims if c.kind not in _DOES and CONCEPT not in c.concepts]
    return Summary(
        request=within([t.request.text for t in turns if t.request.text], MAX_REQUESTS),
        investigated=_investigated(turns, list(read)),
        learned=within(learned, MAX_LEARNED),
        completed=paragraph([within(done, MAX_COMPLETED), _commits(turns, withdrawn)]),
        next_steps="\n".join(f"- {item}" for item in open_items(turns)),
        notes=paragraph(_notes(turns)),
        files_read=tuple(read)[:30],
        files_modified=tuple(sorted({c.path for t in turns for c in t.changes if c.path})),
        evidence=_evidence(turns, claims),
    )


def _commits(turns: list[Turn], withdrawn: Withdrawn) -> str:
    """Return the subjects of all commits, those that were taken back or amended marked."""
    made = []
    for commit in (commit for turn in turns for commit, _ in turn.commits):
        marks = [commit.hash, "taken back" if commit in withdrawn.commits else ""]
        told = ", ".join(filter(None, marks))
        made.append(f"{commit.subject} ({told})" if told else commit.subject)
    return f"Commits: {'; '.join(dict.fromkeys(made))}" if made else ""


def _investigated(turns: list[Turn], read: list[str]) -> str:
    looked = [turn.request.title for turn in turns if turn.reads and not turn.changes]
    files = f"Read {joined([f'`{path}`' for path in read], limit=8)}" if read else ""
    return paragraph([within(looked, 40), files] if looked else [files])


def _notes(turns: list[Turn]) -> list[str]:
    """Return what was given up, and changes git knew of that were not made here."""
    notes = [
        f"Reverted: {turn.request.title}"
        for turn in turns
        if turn.outcome is Outcome.REVERTED and turn.request.title
    ]
    touched = {c.path for turn in turns for c in turn.changes}
    others = [
        f"`{path}`"
        for path in dict.fromkeys(p for t in turns for p in t.modified)
        if path not in touched
    ]
    if others and touched:
        named = joined(others, limit=4)
        notes.append(f"The working tree also had changes, not made here, in {named}")
    return notes


def _evidence(turns: list[Turn], claims: list[Claim]) -> tuple[int, ...]:
    used = {seq for claim in claims for seq in claim.evidence}
    for turn in turns:
        used.update(turn.prompt_seqs)
        used.update(statement.seq for statement in turn.conclusion)
        used.update(turn.reads.values())
    return tuple(sorted(seq for seq in used if seq >= 0))
