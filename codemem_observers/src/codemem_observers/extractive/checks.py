"""Results of tests, linters, type checkers and builds, read from what they printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One result."""

    what: str
    """`tests`, `lint`, `types` or `build`."""
    ok: bool
    text: str
    """What was measured: `1351 tests passed`, `2 lint errors`."""
    passed: int = 0
    failed: int = 0


def _count(text: str, pattern: str) -> int:
    return sum(int(number) for number in re.findall(pattern, text, re.MULTILINE))


# What each runner prints: how to know it, the count that passed, the count that failed. First wins.
_TESTS = (
    (  # bun
        r"^Ran \d+ tests? across \d+ files?",
        r"^\s*(\d+) pass$",
        r"^\s*(\d+) fail$",
    ),
    (r"^Tests?:\s+.*\d+ total", r"^Tests?:.*?(\d+) passed", r"^Tests?:.*?(\d+) failed"),  # jest
    (  # vitest
        r"^\s*Tests\s+\d+ (?:passed|failed)",
        r"^\s*Tests\s+.*?(\d+) passed",
        r"^\s*Tests\s+.*?(\d+) failed",
    ),
    (  # cargo
        r"^test result: ",
        r"^test result: .*?(\d+) passed",
        r"^test result: .*?(\d+) failed",
    ),
    (  # pytest, also with -q
        r"^(?:=+ )?.*\d+ (?:passed|failed|errors?)\b.* in [\d.]+ ?s",
        r"^(?:=+ )?(?:.*, )?(\d+) passed\b.* in [\d.]+ ?s",
        r"^(?:=+ )?(?:.*, )?(\d+) (?:failed|errors?)\b.* in [\d.]+ ?s",
    ),
    (r"^\s*\d+ passing", r"^\s*(\d+) passing", r"^\s*(\d+) failing"),  # mocha
    (r"^(?:#|ℹ) pass \d+", r"^(?:#|ℹ) pass (\d+)", r"^(?:#|ℹ) fail (\d+)"),  # noqa: RUF001 node
    (  # maven, surefire
        r"^(?:\[\w+\] )?Tests run: \d+, Failures: \d+, Errors: \d+, Skipped: \d+\s*$",
        r"^(?:\[\w+\] )?Tests run: (\d+),.*\d\s*$",
        r"^(?:\[\w+\] )?Tests run: \d+, Failures: (\d+).*\d\s*$",
    ),
    (r"^(?:Passed|Failed)!\s+- Failed", r"Passed:\s+(\d+)", r"Failed:\s+(\d+)"),  # dotnet
    (  # rspec, ExUnit, minitest
        r"^\d+ (?:examples|tests|runs)?,? ?.*\d+ failures?",
        r"^(\d+) (?:examples?|tests?|runs?)\b",
        r"(\d+) failures?",
    ),
    (r"^OK \(\d+ tests?", r"^OK \((\d+) tests?", r"^Failures: (\d+)"),  # PHPUnit
)
_FAILED_NAME = (
    r"^\(fail\) (.+?)(?: \[[\d.]+ ?m?s\])?$",  # bun
    r"^FAILED (\S+?::\S+)",  # pytest
    r"^--- FAIL: (\S+)",  # go
    r"^test (\S+) \.\.\. FAILED$",  # cargo
    r"^\s*●\s+(.+ › .+)$",  # noqa: RUF001 jest
    r"^\s*(?:FAIL|×)\s+(\S+\.\w+ > .+?)(?: \d+ms)?$",  # noqa: RUF001 vitest
    r"^not ok \d+ - (.+)$",  # TAP
    r"^(?:FAIL|ERROR): (test\w+ \(.+\))$",  # unittest
)


def read_checks(output: str) -> list[Check]:
    """Return the results a command printed, in the order tests, lint, types, build."""
    readers: tuple[Callable[[str], Iterator[Check]], ...] = (_tests, _lint, _types, _build)
    return [check for reader in readers for check in reader(output)]


def silent_success(command: str) -> Check | None:
    """Return what the success of a checker that prints nothing means, if it is one."""
    if re.search(r"\b(?:tsc|typecheck|type-check|mypy|pyright|go vet|cargo check)\b", command):
        return Check("types", True, "type check passed")
    if re.search(r"\b(?:eslint|lint|ruff check|golangci-lint|clippy|biome check)\b", command):
        return Check("lint", True, "lint passed")
    return None


def failing_tests(output: str) -> tuple[str, ...]:
    """Return the names of the tests that the output says failed."""
    names = (name.strip() for p in _FAILED_NAME for name in re.findall(p, output, re.MULTILINE))
    return tuple(dict.fromkeys(names))


def _tests(text: str) -> Iterator[Check]:
    for known, passed_pattern, failed_pattern in _TESTS:
        if not re.search(known, text, re.MULTILINE):
            continue
        passed, failed = _count(text, passed_pattern), _count(text, failed_pattern)
        if known.startswith((r"^(?:\[\w+\] )?Tests run", r"^\d+ (?:examples")):
            passed -= failed  # these print the total
        yield _tests_check(max(passed, 0), failed)
        return
    yield from _other_tests(text)


def _other_tests(text: str) -> Iterator[Check]:
    """Read runners that give no single line of counts: unittest and go."""
    if ran := re.search(r"^Ran (\d+) tests? in [\d.]+s$", text, re.MULTILINE):
        failed = _count(text, r"(?:failures|errors)=(\d+)")
        yield _tests_check(int(ran[1]) - failed, failed)
    elif packages := re.findall(r"^(ok|FAIL)\s+\S+\s+(?:[\d.]+s|\(cached\))", text, re.MULTILINE):
        bad = packages.count("FAIL")
        good = len(packages) - bad
        text = f"tests of {good} packages passed" + (f", {bad} failed" if bad else "")
        yield Check("tests", not bad, text, good, bad)


def _tests_check(passed: int, failed: int) -> Check:
    if failed:
        return Check("tests", False, f"{failed} of {passed + failed} tests failed", passed, failed)
    return Check("tests", True, f"{passed} test{'s' * (passed != 1)} passed", passed)


def _lint(text: str) -> Iterator[Check]:
    if eslint := re.search(r"✖ (\d+) problems? \((\d+) errors?", text):
        errors = int(eslint[2])
        yield Check(
            "lint", not errors, f"{eslint[1]} lint problems ({errors} errors)", failed=errors
        )
    elif biome := re.search(r"^Checked (\d+) files? in", text, re.MULTILINE):
        errors = _count(text, r"^Found (\d+) errors?\.")
        fixed = _count(text, r"Fixed (\d+) files?")
        yield _lint_check(errors, int(biome[1]), fixed)
    elif re.search(r"^All checks passed!", text, re.MULTILINE):
        yield Check("lint", True, "lint passed")
    elif ruff := re.search(r"^Found (\d+) errors?\.?(?: \((\d+) fixed)?", text, re.MULTILINE):
        yield _lint_check(int(ruff[1]), 0, 0)


def _lint_check(errors: int, files: int, fixed: int) -> Check:
    of = f" in {files} files" if files else ""
    if errors:
        return Check("lint", False, f"{errors} lint error{'s' * (errors != 1)}{of}", failed=errors)
    if fixed:
        return Check("lint", True, f"{fixed} file{'s' * (fixed != 1)} fixed by the linter", files)
    return Check("lint", True, f"lint clean{of}", files)


def _types(text: str) -> Iterator[Check]:
    if errors := re.findall(r"\berror TS\d+:", text):
        yield Check("types", False, f"{len(errors)} type errors", failed=len(errors))
    elif clean := re.search(
        r"^Success: no issues found in (\d+) source files?", text, re.MULTILINE
    ):
        yield Check("types", True, f"types clean in {clean[1]} files", int(clean[1]))
    elif found := re.search(r"^Found (\d+) errors? in \d+ files? \(checked", text, re.MULTILINE):
        yield Check("types", False, f"{found[1]} type errors", failed=int(found[1]))


def _build(text: str) -> Iterator[Check]:
    good = (
        r"(?:Compiled successfully|✓ built in|BUILD SUCCESS(?:FUL)?\b|Build succeeded"
        r"|webpack .* compiled successfully)"
    )
    if re.search(rf"(?:^|\s){good}", text):
        yield Check("build", True, "build succeeded")
    elif re.search(
        r"^(?:.*\bBUILD FAIL(?:ED|URE)\b|Build failed|Failed to compile)", text, re.MULTILINE
    ):
        yield Check("build", False, "build failed")
