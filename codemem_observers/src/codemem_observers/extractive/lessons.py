"""What failing commands taught: which command works, and what made a failing one pass."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemem_core.records.memory import Observation
from codemem_observers.extractive.edits import FileChange
from codemem_observers.extractive.prose import MAX_TITLE, clip, end_sentence, joined
from codemem_observers.extractive.shell import folder, similarity, telling_line
from codemem_observers.extractive.turns import Run, Turn

MAX_LESSONS = 5
_FIXER = re.compile(
    r"fix|format|\bfmt\b|install|\badd\b|\bpull\b|rebase|stash|build|generate|codegen|migrate|clean|update|upgrade|"
    r"sync|mkdir|chmod|export|start|restart|prettier|kill|reset|checkout|\brm\b|login"
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A command that failed, and what was different when it worked."""

    title: str
    text: str
    evidence: tuple[int, ...]
    files: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    solved: bool = True

    def observation(self) -> Observation:
        """Return it as a discovery."""
        return Observation(
            kind="discovery",
            title=clip(self.title, MAX_TITLE),
            narrative=self.text,
            facts=self.facts or (self.text,),
            concepts=("gotcha", "problem-solution") if self.solved else ("gotcha",),
            files_modified=self.files,
            evidence=self.evidence,
        )


def learn(turns: list[Turn]) -> list[Lesson]:
    """Return what each kind of failure taught, once each, in order."""
    order = sorted((step for turn in turns for step in turn.order), key=lambda step: step[0])
    lessons: dict[tuple[str, ...], Lesson] = {}
    for at, (_, step) in enumerate(order):
        if isinstance(step, Run) and not step.ok and (why := what_failed(step)):
            lesson = _lesson(step, why, [later for _, later in order[at + 1 :]])
            lessons.setdefault((step.purpose, why if not lesson.solved else lesson.title), lesson)
    return _telling(list(lessons.values()))


def what_failed(run: Run) -> str:
    """Return in a few words how a command failed, or nothing when it does not say."""
    failed = [check for check in run.checks if not check.ok]
    if not failed:
        return telling_line(run.output)
    names = [name for check in failed for name in check.failures]
    detail = joined([f"“{clip(name, 80)}”" for name in names], limit=2)
    text = joined([check.text for check in failed])
    return f"{text}: {detail}" if detail else text


def _telling(lessons: list[Lesson]) -> list[Lesson]:
    """Keep the solved ones first; an unsolved one only when nothing solved the same command."""
    solved = [lesson for lesson in lessons if lesson.solved]
    open_ones = [lesson for lesson in lessons if not lesson.solved]
    return (solved + open_ones)[:MAX_LESSONS]


def _lesson(failed: Run, why: str, later: list[Run | FileChange]) -> Lesson:
    for at, step in enumerate(later):
        if not isinstance(step, Run) or not (step.ok and step.sure):
            continue
        if step.purpose == failed.purpose:
            return _repaired(failed, why, step, later[:at])
        if _another_way(failed, step) and not any(isinstance(s, FileChange) for s in later[:at]):
            return _other_command(failed, why, step)
    title = f"`{failed.shown}` failed: {why}"
    text = end_sentence(f"`{failed.shown}` failed: {why}") + " No later success of it was seen."
    return Lesson(title, text, (failed.seq,), solved=False)


def _another_way(failed: Run, tried: Run) -> bool:
    """Say whether a command looks like the same intent, typed another way."""
    if "git commit" in {failed.purpose, tried.purpose}:
        return False
    one, two = failed.purpose.split(), tried.purpose.split()
    contained = failed.purpose.endswith(tried.purpose) or tried.purpose.endswith(failed.purpose)
    same_program = one[:1] == two[:1] and len(one) > 1
    return contained or (same_program and similarity(failed.purpose, tried.purpose) >= 0.6)


def _other_command(failed: Run, why: str, worked: Run) -> Lesson:
    if _FIXER.search(worked.purpose) and not _FIXER.search(failed.purpose):
        verb = "was followed by a successful"
        title = f"`{failed.shown}` ({why}): `{worked.shown}` succeeded"
    else:
        verb = "failed, and what worked was"
        title = f"Use `{worked.shown}`, not `{failed.shown}`"
    text = end_sentence(f"`{failed.shown}` {verb} `{worked.shown}`. It had failed with: {why}")
    return Lesson(title, text, (failed.seq, worked.seq))


def _repaired(failed: Run, why: str, passed: Run, between: list[Run | FileChange]) -> Lesson:
    """Say what changed between a failure and the success of the same command."""
    edits = [step for step in between if isinstance(step, FileChange)]
    runs = [s for s in between if isinstance(s, Run) and s.ok and s.purpose != failed.purpose]
    fixers = [run for run in runs if not run.looks and _FIXER.search(run.purpose)]
    result = joined([check.text for check in passed.checks if check.ok])
    after = f" ({result})" if result else ""
    lost = f"`{failed.shown}` failed: {why}"
    seqs = [failed.seq, passed.seq]
    if fixers:
        fix = joined([f"`{run.shown}`" for run in fixers[:3]])
        title = f"`{failed.shown}` failed ({why}); fixed by {fix}"
        text = f"{end_sentence(lost)} It passed after {fix}{after}."
        return Lesson(title, text, tuple(sorted([*seqs, *(run.seq for run in fixers[:3])])))
    if edits:
        return _fixed_by_edits(lost, after, edits, seqs)
    if (where := folder(passed.command)) and where != folder(failed.command):
        name = where.rstrip("/").rpartition("/")[2]
        title = f"Run `{failed.shown}` in `{name}`: {why}"
        text = f"{end_sentence(lost)} It worked after `cd` to `{name}`{after}."
        return Lesson(title, text, tuple(seqs))
    text = f"{end_sentence(lost)} It passed when run again{after}; no edit was seen in between."
    return Lesson(f"{lost}; passed when run again", text, tuple(seqs))


def _fixed_by_edits(lost: str, after: str, edits: list[FileChange], seqs: list[int]) -> Lesson:
    how = {change.path: change.describe() for change in edits}
    files = joined([f"`{path}`" for path in how], limit=3)
    facts = [end_sentence(clip(f"`{path}`: {text}", 280)) for path, text in list(how.items())[:4]]
    what = facts[0] if len(how) == 1 else f"{files}."
    return Lesson(
        title=f"{lost}; fixed in {files}",
        text=f"{end_sentence(lost)} It passed{after} after a change in {what}",
        evidence=tuple(sorted({*seqs, *(seq for change in edits for seq in change.seqs)})),
        files=tuple(how),
        facts=(end_sentence(lost), *facts),
    )
