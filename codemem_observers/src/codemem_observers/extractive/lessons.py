"""What failing commands taught: which command works, and what made a failing one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemem_core.records.memory import Observation
from codemem_observers.extractive.diffs import merged
from codemem_observers.extractive.edits import FileChange
from codemem_observers.extractive.prose import MAX_TITLE, clip, end_sentence, joined
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import (
    error_files,
    first_error,
    folder,
    similarity,
    telling_line,
)
from codemem_observers.extractive.turns import Turn

MAX_LESSONS = 5
_FIXER = re.compile(
    r"fix|format|\bfmt\b|install|\badd\b|\bpull\b|rebase|stash|build|generate|codegen|"
    r"migrate|clean|update|upgrade|"
    r"sync|mkdir|chmod|export|start|restart|prettier|kill|reset|checkout|\brm\b|login"
)

# Scripts typed for one look: nobody runs them again.
_INLINE = re.compile(r"\s-(?:e|c|lc)\s|\|\|\s*true|<<|\n|^.{100}")
MAX_UNSOLVED = 2


@dataclass(frozen=True, slots=True)
class Lesson:
    """A command that failed, and what was different when it worked."""

    title: str
    facts: tuple[str, ...]
    """The failure, what changed, the success: each checkable alone."""
    evidence: tuple[int, ...]
    key: tuple[str, str]
    """The command and the remedy: one lesson is enough for both."""
    files: tuple[str, ...] = ()
    solved: bool = True

    @property
    def text(self) -> str:
        """The facts in one paragraph."""
        return " ".join(self.facts)

    def observation(self) -> Observation:
        """Return it as a discovery."""
        return Observation(
            kind="discovery",
            title=clip(self.title, MAX_TITLE),
            narrative=self.text,
            facts=self.facts,
            concepts=("gotcha", "problem-solution") if self.solved else ("gotcha",),
            files_modified=self.files,
            evidence=self.evidence,
        )


def learn(turns: list[Turn]) -> list[Lesson]:
    """Return what each kind of failure taught, once each, solved ones first."""
    order = sorted((step for turn in turns for step in turn.order), key=lambda step: step[0])
    lessons: dict[tuple[str, str], Lesson] = {}
    touched = {change.path for turn in turns for change in turn.changes}
    for at, (_, step) in enumerate(order):
        if isinstance(step, Run) and not (step.ok or step.looks):
            later = [one for _, one in order[at + 1 :]]
            if (why := what_failed(step, later, touched)) and (lesson := _lesson(step, why, later)):
                lessons.setdefault(lesson.key, lesson)
    solved = {lesson.key[0] for lesson in lessons.values() if lesson.solved}
    ranked = [one for one in lessons.values() if one.solved]
    unsolved = [one for one in lessons.values() if not one.solved and one.key[0] not in solved]
    return [*ranked, *unsolved[-MAX_UNSOLVED:]][:MAX_LESSONS]


def what_failed(run: Run, later: list[Run | FileChange], touched: set[str]) -> str:
    """Return in a few words how a command failed, or nothing when it does not say.

    Names of failing tests may come from a second look: the same command through `grep`.
    """
    failed = [check for check in run.checks if not check.ok]
    if not failed:
        return telling_line(run.output)
    names = run.failing
    for step in later:
        if names or not isinstance(step, Run) or step.purpose != run.purpose:
            break
        names = step.failing
    text = joined([check.text for check in failed])
    detail = joined([f"“{clip(name, 90)}”" for name in names], limit=2) or first_error(run.output)
    text = f"its hook found {text}" if run.purpose == "git commit" else text
    files = error_files(run.output)
    known = any(one.endswith(two) or two.endswith(one) for one in files for two in touched)
    where = " (in files not edited here)" if files and not known else ""
    return f"{text}{where}: {detail}" if detail else f"{text}{where}"


def _lesson(failed: Run, why: str, later: list[Run | FileChange]) -> Lesson | None:
    for at, step in enumerate(later):
        if not isinstance(step, Run) or not (step.checks or (step.ok and step.sure)):
            continue
        got_further = bool(step.checks) and not failed.checks
        if step.purpose == failed.purpose and (step.ok or got_further):
            return _repaired(failed, why, step, later[:at])
        edited = any(isinstance(one, FileChange) for one in later[:at])
        if step.purpose != failed.purpose and not edited and _another_way(failed, step):
            return _other_command(failed, why, step, later)
    if _passed_elsewhere(failed, later) or _INLINE.search(failed.purpose):
        return None
    fact = end_sentence(f"`{failed.shown}` failed: {why}")
    facts = (fact, "No later success of it was seen.")
    title = f"`{failed.shown}` failed: {why}"
    return Lesson(title, facts, (failed.seq,), (failed.purpose, ""), solved=False)


def _passed_elsewhere(failed: Run, later: list[Run | FileChange]) -> bool:
    """Say whether another command later passed what failed here (`lint` after `lint:fix`)."""
    wanted = {check.what for check in failed.checks if not check.ok}
    passed = {c.what for step in later if isinstance(step, Run) for c in step.checks if c.ok}
    return bool(wanted) and wanted <= passed and failed.purpose != "git commit"


def _another_way(failed: Run, tried: Run) -> bool:
    """Say whether a command looks like the same intent, typed another way."""
    if "git commit" in {failed.purpose, tried.purpose}:
        return False
    one, two = failed.purpose.split(), tried.purpose.split()
    contained = failed.purpose.endswith(tried.purpose) or tried.purpose.endswith(failed.purpose)
    same_program = one[:1] == two[:1] and len(one) > 1
    return contained or (same_program and similarity(failed.purpose, tried.purpose) >= 0.6)


def _other_command(failed: Run, why: str, worked: Run, later: list[Run | FileChange]) -> Lesson:
    result = joined([check.text for check in worked.checks])
    facts = [
        end_sentence(f"`{failed.shown}` failed: {why}"),
        end_sentence(f"`{worked.shown}` worked instead{f' ({result})' if result else ''}"),
    ]
    if failed.purpose.endswith(f" {worked.purpose}"):
        prefix = failed.purpose.removesuffix(worked.purpose).strip()
        names = list(dict.fromkeys(_worked_with(later, prefix)))
        facts += [f"The `{prefix}` prefix did work with {joined(names)}."] if names else []
    title = f"Use `{worked.shown}`, not `{failed.shown}`: {why}"
    return Lesson(title, tuple(facts), (failed.seq, worked.seq), (failed.purpose, worked.purpose))


def _worked_with(later: list[Run | FileChange], prefix: str) -> Iterator[str]:
    """Yield the programs that did run behind a prefix."""
    for step in later:
        if isinstance(step, Run) and step.ok and step.core.startswith(f"{prefix} "):
            yield f"`{step.core.removeprefix(prefix).split()[0]}`"


def _repaired(failed: Run, why: str, passed: Run, between: list[Run | FileChange]) -> Lesson | None:
    """Say what changed between a failure and the success of the same command."""
    edits = [step for step in between if isinstance(step, FileChange)]
    fixers = [run for run in between if isinstance(run, Run) and _may_have_fixed(run, failed)][:3]
    result = joined([check.text for check in passed.checks])
    lost = end_sentence(f"`{failed.shown}` failed: {why}")
    seqs = {failed.seq, passed.seq}
    where = folder(passed.command)
    if where and where != folder(failed.command) and not failed.checks:
        name = where.rstrip("/").rpartition("/")[2]
        won = f"It ran after `cd` to `{name}`{f' ({result})' if result else ''}."
        title = f"Run `{failed.shown}` in `{name}`: {why}"
        return Lesson(title, (lost, won), tuple(sorted(seqs)), (failed.purpose, where))
    if fixers:
        fix = joined([f"`{run.shown}`" for run in fixers])
        verb = "passed" if passed.ok else "got further"
        won = f"It {verb} after {fix}{f' ({result})' if result else ''}."
        title = _titled(f"`{failed.shown}` {verb} after {fix}", why)
        seqs |= {run.seq for run in fixers}
        return Lesson(title, (lost, won), tuple(sorted(seqs)), (failed.purpose, fix))
    return _fixed_by_edits(failed, lost, passed, edits) if edits and passed.ok else None


def _titled(lesson: str, why: str) -> str:
    """Add what was wrong before, if a useful part of it still fits into a title."""
    room = MAX_TITLE - len(lesson) - len("; before: ")
    return f"{lesson}; before: {clip(why, room)}" if room >= min(len(why), 25) else lesson


def _may_have_fixed(run: Run, failed: Run) -> bool:
    return (
        run.ok
        and not run.looks
        and run.purpose != failed.purpose
        and bool(_FIXER.search(run.purpose))
    )


def _fixed_by_edits(failed: Run, lost: str, passed: Run, edits: list[FileChange]) -> Lesson:
    how = {change.path: change.describe() for change in merged(edits)}
    names = joined([f"`{path.rpartition('/')[2]}`" for path in how], limit=3)
    result = joined([check.text for check in passed.checks])
    facts = [
        end_sentence(clip(f"Changed `{path}`: {text}", 280)) for path, text in list(how.items())[:5]
    ]
    won = f"Then `{passed.shown}` passed{f' ({result})' if result else ''}."
    seqs = {failed.seq, passed.seq, *(seq for change in edits for seq in change.seqs)}
    title = _titled(f"`{failed.shown}` passed after a change in {names}", lost.partition(": ")[2])
    key = (failed.purpose, ", ".join(how))
    return Lesson(title.rstrip("."), (lost, *facts, won), tuple(sorted(seqs)), key, tuple(how))
