"""One observation for each thing the user asked: what was done, how, and what proved it."""

from __future__ import annotations

from codemem_core.records.memory import Observation
from codemem_observers.extractive.checks import Check
from codemem_observers.extractive.naming import kind_of, outcome, title_of
from codemem_observers.extractive.prose import Statement, clip, end_sentence, joined
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import first_error, pushes
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.words import (
    CAUSE,
    CHOICE,
    DECISION,
    explains,
    without_pleasantry,
)

MAX_FILES = 8
MAX_SAID = 9
MAX_FACT = 280


def observe_work(turn: Turn) -> Observation | None:
    """Return what a turn achieved, or None when it neither changed nor explained anything."""
    if turn.changes or turn.commits:
        return _change(turn)
    return _finding(turn)


def last_checks(turn: Turn) -> list[tuple[Check, Run]]:
    """Return the last result of each kind of check, with its command.

    The commands that check by themselves count before a commit's hook.
    """
    hooked = [run for run in turn.runs if run.purpose == "git commit"]
    own = [run for run in turn.runs if run.purpose != "git commit"]
    last = {check.what: (check, run) for run in [*hooked, *own] for check in run.checks}
    return list(last.values())


def _change(turn: Turn) -> Observation:
    said = [s for s in outcome(turn) if not CHOICE.search(s.text)]  # they are decisions' own
    files = [c for c in turn.changes if c.path]
    used = {
        *turn.prompt_seqs,
        *(s.seq for s in said),
        *(run.seq for run in turn.runs if run.checks),
    }
    used |= {seq for change in turn.changes for seq in change.seqs}
    used |= {seq for _, seq in turn.commits}
    return Observation(
        kind=kind_of(turn),
        title=title_of(turn),
        subtitle=_subtitle(turn),
        narrative=_narrative(turn, said),
        facts=tuple(_facts(turn, said)),
        concepts=_concepts(turn, said),
        files_modified=tuple(sorted(c.moved_to or c.path for c in files)),
        files_read=tuple(path for path in turn.reads if path not in {c.path for c in files})[:12],
        evidence=tuple(sorted(used)),
    )


def _subtitle(turn: Turn) -> str:
    count = len({change.path for change in turn.changes})
    commit = turn.commits[-1][0] if turn.commits else None
    parts = [
        f"{count} file{'s' * (count != 1)} changed" if count else "",
        *(check.text for check, _ in last_checks(turn)),
        f"commit {commit.hash}".strip() if commit else "",
    ]
    return ", ".join(part for part in parts if part)


def _narrative(turn: Turn, said: list[Statement]) -> str:
    """Tell the outcome first, as packs show the first sentences, then the proof and the request."""
    parts = [clip(turn.commits[-1][0].body, 420)] if turn.commits else []
    ended = sorted(said, key=lambda s: s.seq not in turn.concluded)
    told = [s.text for s in ended if not s.is_item] or [s.full for s in said[:2] if not any(parts)]
    told[1:] = sorted(told[1:], key=lambda text: not CAUSE.search(text))
    parts += [clip(without_pleasantry(text)) for text in told[:3]]
    if turn.changes and not any(parts):
        parts.append(f"Changed {joined([f'`{c.path}`' for c in turn.changes])}")
    parts.append(proof(turn))
    if turn.corrected:
        parts.append(f"Afterwards the user said: “{turn.corrected}”")
    asked = turn.request.text.rstrip(".")
    if asked and asked != title_of(turn):
        parts.append(f"Asked: {asked}")
    return " ".join(end_sentence(part) for part in dict.fromkeys(parts) if part)


def proof(turn: Turn) -> str:
    """Return which commands showed what, and what was committed; only what was seen."""
    good, bad = checked(turn, ok=True), checked(turn, ok=False)
    parts = [f"Checked: {joined([_bracketed(fact) for fact in good])}"] if good else []
    parts += [f"Failing at the end: {joined([_bracketed(fact) for fact in bad])}"] if bad else []
    for commit, _ in turn.commits:
        hooked = [check.text for run in turn.runs if run.commit is commit for check in run.checks]
        parts.append(f"Committed as {commit.hash}" if commit.hash else "Committed")
        parts[-1] += f" “{commit.subject}”" + (f" (its hook: {joined(hooked)})" if hooked else "")
    pushed = [run for run in turn.runs if run.ok and pushes(run.core)]
    if pushed:
        parts.append("Pushed" if pushed[-1].commit else f"Pushed with `{pushed[-1].shown}`")
    return ". ".join(parts)


def checked(turn: Turn, *, ok: bool) -> list[tuple[str, str]]:
    """Return the last good or bad results as (command, `1351 tests passed`)."""
    by_run: dict[str, list[str]] = {}
    edited = max((seq for change in turn.changes for seq in change.seqs), default=-1)
    for check, run in last_checks(turn):
        if check.ok == ok:
            why = "" if ok else first_error(run.output)
            text = f"{check.text}: {why}" if why else check.text
            text += " before the last edit" if run.seq < edited else ""
            by_run.setdefault(run.shown, []).append(text)
    return [(shown, joined(texts)) for shown, texts in by_run.items()]


def _bracketed(fact: tuple[str, str]) -> str:
    return f"`{fact[0]}` ({fact[1]})"


def _facts(turn: Turn, said: list[Statement]) -> list[str]:
    deleted = [c.path for c in turn.changes if c.deleted]
    kept = [c for c in turn.changes if c.path and not (c.deleted and len(deleted) > 2)]
    facts = [f"`{c.path}`: {c.describe()}" for c in kept[:MAX_FILES]]
    if len(deleted) > 2:
        facts.append(f"Deleted {len(deleted)} files: {joined([f'`{path}`' for path in deleted])}")
    facts += grouped(said, limit=MAX_SAID)
    facts += [f"`{shown}`: {text}" for ok in (True, False) for shown, text in checked(turn, ok=ok)]
    facts += [f"Commit {commit.hash}".strip() + f": {commit.subject}" for commit, _ in turn.commits]
    return [end_sentence(clip(fact, MAX_FACT)) for fact in dict.fromkeys(facts)]


def grouped(said: list[Statement], *, limit: int) -> list[str]:
    """Return statements as facts, list items of one lead joined while they fit."""
    facts: list[str] = []
    lead = ""
    for statement in said:
        text = without_pleasantry(statement.text)
        fits = facts and len(facts[-1]) + len(text) < MAX_FACT
        if statement.lead and statement.lead == lead and fits:
            facts[-1] = f"{facts[-1].rstrip('.')}; {text}"
        else:
            facts.append(statement.full if statement.lead else text)
        lead = statement.lead
    return facts[:limit]


def _concepts(turn: Turn, said: list[Statement]) -> tuple[str, ...]:
    text = " ".join(s.text for s in said)
    found = ["what-changed"]
    if kind_of(turn) == "bugfix":
        found.append("problem-solution")
    if CAUSE.search(text):
        found.append("why-it-exists")
    if DECISION.search(text):
        found.append("trade-off")
    return tuple(found)


def _finding(turn: Turn) -> Observation | None:
    """Return what a turn found out without changing anything."""
    said = outcome(turn)
    looked = turn.reads or turn.searches or turn.runs
    substance = sum(len(s.text) for s in said)
    if not said or substance < (60 if looked else 160):
        return None
    text = " ".join(s.text for s in said)
    seqs = {*turn.prompt_seqs, *(s.seq for s in said), *turn.reads.values()}
    return Observation(
        kind="discovery" if explains(text) else "exploration",
        title=title_of(turn),
        narrative=_narrative(turn, said),
        facts=tuple(end_sentence(clip(f, MAX_FACT)) for f in grouped(said, limit=MAX_SAID)),
        concepts=("how-it-works", "why-it-exists") if CAUSE.search(text) else ("how-it-works",),
        files_read=tuple(turn.reads)[:12],
        evidence=tuple(sorted(seqs)),
    )
