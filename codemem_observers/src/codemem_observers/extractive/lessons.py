"""What failing commands taught: a failure, a success, and the difference between them.

No difference, no lesson: a cancelled call, a refusal and a repeat that passed by itself teach
nothing, and a cause is told only in the words of who found it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemem_observers.extractive.claims import Claim
from codemem_observers.extractive.diffs import merged
from codemem_observers.extractive.edits import FileChange
from codemem_observers.extractive.markdown import Statement
from codemem_observers.extractive.phrasing import clip, end_sentence, joined
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import first_error, folder, similarity, telling_line
from codemem_observers.extractive.titles import shortened, title_of, without_opening
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.weight import explains, weight

MAX_LESSONS = 3
WORTH = 4.0
MIN_SIMILAR = 0.6
"""Share of words that two attempts at the same thing have in common."""

# What shows that a command was called wrongly, whatever it was to do.
_MISCALLED = re.compile(
    r"unrecogni[sz]ed|unknown (?:option|command|argument|flag|subcommand)|"
    r"invalid (?:option|argument)|unexpected argument|not found|no such|usage:|"
    r"missing (?:script|argument|required)|"
    r"cannot find|could not find|not a git repository|no tests? (?:found|ran)|does not exist|"
    r"requires? |must be|permission denied|not recognized|bad substitution|no matches found",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"not found|no such|cannot find|could not|missing|not installed|ENOENT|resolve", re.I
)
_PROVIDES = re.compile(
    r"install|\badd\b|build|generate|codegen|migrate|sync|mkdir|export|start|login|up\b"
)
_REPAIRS = re.compile(r"fix|format|\bfmt\b|prettier|--write")
# Scripts typed for one look: nobody runs them again.
_INLINE = re.compile(r"\s-(?:e|c|lc)\s|\|\|\s*true|<<|\n|^.{140}")


@dataclass(frozen=True, slots=True)
class _Failure:
    """A command that failed, why, and what happened afterwards."""

    run: Run
    why: str
    later: list[Run | FileChange]
    said: list[Statement]


def lesson_claims(turns: list[Turn]) -> list[Claim]:
    """Return what failing commands taught, once each."""
    order = sorted((step for turn in turns for step in turn.order), key=lambda step: step[0])
    said = [statement for turn in turns for statement in turn.said]
    lessons: dict[str, Claim] = {}
    for at, (_, step) in enumerate(order):
        if not isinstance(step, Run) or step.ok or step.looks or step.stopped:
            continue
        failure = _Failure(step, _what_failed(step), [one for _, one in order[at + 1 :]], said)
        if not _INLINE.search(step.purpose) and (lesson := _lesson(failure)):
            lessons.setdefault(lesson.title, lesson)
    return list(lessons.values())[:MAX_LESSONS]


def _what_failed(run: Run) -> str:
    """Return in a few words how a command failed, or nothing when it does not say."""
    failed = [check for check in run.checks if not check.ok]
    if not failed:
        return telling_line(run.output)
    detail = joined([f"“{clip(name, 90)}”" for name in run.failing], limit=2)
    text = joined([check.text for check in failed])
    detail = detail or first_error(run.output)
    return f"{text}: {detail}" if detail else text


def _lesson(failure: _Failure) -> Claim | None:
    """Return the lesson of the first success that follows with a difference, if there is one."""
    failed = failure.run
    for at, step in enumerate(failure.later):
        if not isinstance(step, Run) or not step.ok or not step.sure:
            continue
        between = failure.later[:at]
        if step.purpose == failed.purpose:
            return _repaired(failure, step, between)
        if _another_way(failure, step) and not any(isinstance(b, FileChange) for b in between):
            return _other_command(failure, step)
    return None


def _another_way(failure: _Failure, tried: Run) -> bool:
    """Say whether a command has the same intent as one that was called wrongly."""
    failed = failure.run
    if failed.checks or failed.commits or tried.commits or tried.looks:
        return False
    if not _MISCALLED.search(failure.why):
        return False
    one, two = failed.purpose.split(), tried.purpose.split()
    contained = failed.purpose.endswith(tried.purpose) or tried.purpose.endswith(failed.purpose)
    same_program = one[:1] == two[:1] and len(one) > 1
    return contained or (same_program and similarity(failed.purpose, tried.purpose) >= MIN_SIMILAR)


def _other_command(failure: _Failure, worked: Run) -> Claim:
    # Without the figures of the day: the same lesson of two sessions reads the same.
    body = [f"`{failure.run.shown}` failed: {failure.why}", f"`{worked.shown}` worked"]
    prefix = failure.run.purpose.removesuffix(worked.purpose).strip()
    if failure.run.purpose.endswith(f" {worked.purpose}"):
        names = list(dict.fromkeys(_worked_with(failure.later, prefix)))
        body += [f"The `{prefix}` prefix did work with {joined(names)}"] if names else []
    title = f"Use `{worked.shown}`, not `{failure.run.shown}`"
    return _claim(f"{title}: {failure.why}", body, (failure.run.seq, worked.seq))


def _worked_with(later: list[Run | FileChange], prefix: str) -> Iterator[str]:
    """Yield the programs that did run behind a prefix."""
    for step in later:
        if isinstance(step, Run) and step.ok and step.core.startswith(f"{prefix} "):
            yield f"`{step.core.removeprefix(prefix).split()[0]}`"


def _repaired(failure: _Failure, passed: Run, between: list[Run | FileChange]) -> Claim | None:
    """Say what lay between a failure and the success of the same command, if it is known."""
    failed = failure.run
    where = folder(passed.command)
    if where and where != folder(failed.command) and _MISCALLED.search(failure.why):
        name = where.rstrip("/").rpartition("/")[2]
        body = [f"`{failed.shown}` failed: {failure.why}", f"It worked after `cd` to `{name}`"]
        return _claim(f"Run `{failed.shown}` in `{name}`", body, (failed.seq, passed.seq))
    edits = [step for step in between if isinstance(step, FileChange)]
    fixers = [r for r in between if isinstance(r, Run) and r.ok and _may_have_fixed(r, failure)]
    if len(fixers) == 1 and not edits:
        return _fixed_by_command(failure, fixers[0], passed)
    return _fixed_by_edit(failure, passed, edits) if edits else None


def _may_have_fixed(run: Run, failure: _Failure) -> bool:
    """Say whether a command between two attempts acts on what the failure complained about."""
    if run.looks or run.purpose == failure.run.purpose:
        return False
    if any(check.what == "lint" for check in failure.run.checks if not check.ok):
        return bool(_REPAIRS.search(run.purpose))
    if _MISSING.search(failure.why) and _PROVIDES.search(run.purpose):
        return True
    same_program = run.purpose.split()[:1] == failure.run.purpose.split()[:1]
    return same_program and not failure.run.checks and run.purpose.startswith("git ")


def _fixed_by_command(failure: _Failure, fixer: Run, passed: Run) -> Claim:
    failed = failure.run
    what = joined([check.what for check in failed.checks if not check.ok]) or failure.why
    told = f" ({what})" if what else ""
    body = [f"`{failed.shown}` failed{told} and passed after `{fixer.shown}`"]
    title = f"Run `{fixer.shown}` when `{failed.shown}` fails"
    return _claim(title, body, (failed.seq, fixer.seq, passed.seq))


def _fixed_by_edit(failure: _Failure, passed: Run, edits: list[FileChange]) -> Claim | None:
    """Tell an edit as the remedy only in the words of somebody who explained it."""
    first, last = failure.run.seq, passed.seq
    told = [s for s in failure.said if first < s.seq < last and explains(s) and title_of(s)]
    if not told or not failure.why:
        return None
    why = max(told, key=weight)
    how = [f"`{c.path}`: {c.describe()}" for c in merged(edits)][:2]
    body = [
        f"`{failure.run.shown}` failed: {clip(failure.why, 160)}",
        without_opening(why.text, why.words),
        f"Changed {joined(how)}; then it passed",
    ]
    seqs = (first, why.seq, *(seq for change in edits for seq in change.seqs), last)
    return _claim(title_of(why), body, seqs, files=tuple({c.path for c in edits}))


def _claim(
    title: str, body: list[str], seqs: tuple[int, ...], *, files: tuple[str, ...] = ()
) -> Claim:
    return Claim(
        title=shortened(title),
        body=tuple(end_sentence(part) for part in body),
        kind="discovery",
        worth=WORTH,
        evidence=seqs,
        concepts=("gotcha", "problem-solution"),
        files_modified=files,
    )
