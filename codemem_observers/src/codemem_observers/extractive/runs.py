"""Commands that ran, with what they showed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemem_core.api import ToolCall
from codemem_observers.extractive.checks import Check, failing_tests, read_checks, silent_success
from codemem_observers.extractive.commits import Commit, commits, read_commits
from codemem_observers.extractive.phrasing import clip
from codemem_observers.extractive.shell import (
    core,
    failed_quietly,
    hides_exit_code,
    only_looks,
)

# Results stand at the end of a log; a line longer than this is data, and slow to match.
MAX_OUTPUT = 20_000
MAX_LINE = 400
# Longer command lines are scripts with text in them.
MAX_COMMAND = 20_000

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Run:
    """A command that ran."""

    command: str
    """As it was typed."""
    core: str
    """Without what only changes how it is shown."""
    ok: bool
    output: str
    checks: tuple[Check, ...]
    failing: tuple[str, ...]
    """Names of the tests that failed."""
    commits: tuple[Commit, ...]
    """Commits it made."""
    looks: bool
    """It only printed what is there."""
    seq: int
    stopped: bool = False
    """Refused, cancelled or interrupted: its failure says nothing about the command."""

    @property
    def sure(self) -> bool:
        """Say whether success was measured: no pipe hid the exit code, or a result was printed."""
        return bool(self.checks) or not hides_exit_code(self.command)

    @property
    def purpose(self) -> str:
        """What two runs have in common when they try the same thing."""
        return "git commit" if commits(self.core) else self.core

    @property
    def shown(self) -> str:
        """The command for a sentence, at most 80 characters."""
        return clip(self.purpose, 80).replace("`", "'")


def read_run(call: ToolCall) -> Run:
    """Return what a command showed; success needs more than an exit code a pipe may hide."""
    command = (call.command or "")[:MAX_COMMAND]
    output = _readable("\n".join(part for part in (call.output, call.error) if part))
    looks = only_looks(command)
    ok = call.error is None and (looks or not failed_quietly(output))
    checks = [] if looks else read_checks(output)
    ok = ok and all(check.ok for check in checks)
    whole = core(command)
    if ok and not (checks or hides_exit_code(command)) and (silent := silent_success(whole)):
        checks.append(silent)
    made = read_commits(command, output, succeeded=call.error is None)
    return Run(
        command=command,
        core=whole,
        ok=ok,
        output=output,
        checks=tuple(checks),
        failing=() if looks else failing_tests(output),
        commits=tuple(made),
        looks=looks,
        seq=call.seq,
        stopped=call.refused or call.interrupted,
    )


def _readable(output: str) -> str:
    lines = _ANSI.sub("", output[-MAX_OUTPUT:]).splitlines()
    return "\n".join(line[:MAX_LINE] for line in lines if line.strip())
