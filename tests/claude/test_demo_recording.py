"""The recorded session that `codemem demo` replays."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

RECORDING = (files("codemem_claude.demo") / "session.jsonl").read_text(encoding="utf-8")
ROWS: list[dict[str, Any]] = [json.loads(line) for line in RECORDING.splitlines()]
HOOKS = {
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SessionEnd",
}


def payloads(hook: str, *, tool: str = "") -> list[dict[str, Any]]:
    """Return the payloads of a hook, or only those of one tool."""
    found = [row["payload"] for row in ROWS if row["hook"] == hook]
    return [payload for payload in found if not tool or payload["tool_name"] == tool]


def test_all_six_hooks_are_recorded() -> None:
    """The demo sends every hook that codemem listens to."""
    assert {row["hook"] for row in ROWS} == HOOKS


def test_session_starts_once_and_ends_last() -> None:
    """It is one session from its start to its end, in the order of time."""
    times = [row["at_ms"] for row in ROWS]

    assert [ROWS[0]["hook"], ROWS[-1]["hook"]] == ["SessionStart", "SessionEnd"]
    assert times[0] == 0
    assert times == sorted(times)


def test_two_prompts_are_each_answered() -> None:
    """Each prompt ends with a message of the assistant."""
    assert len(payloads("UserPromptSubmit")) == 2
    assert [bool(stop["last_assistant_message"]) for stop in payloads("Stop")] == [True, True]


def test_tests_fail_before_the_edit_and_pass_after_it() -> None:
    """The bug shows as a failing test, the fix as a passing one."""
    failed, edited, passed = (
        next(i for i, row in enumerate(ROWS) if text in json.dumps(row["payload"]))
        for text in ("1 failed", '"tool_name": "Edit"', "5 passed")
    )

    assert ROWS[failed]["hook"] == "PostToolUseFailure"
    assert failed < edited < passed


def test_fix_is_committed() -> None:
    """Both prompts end with a commit."""
    commands = [run["tool_input"]["command"] for run in payloads("PostToolUse", tool="Bash")]

    assert sum(command.startswith("git commit") for command in commands) == 2


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["hook"])
def test_every_payload_names_its_session_and_folder(row: dict[str, Any]) -> None:
    """All rows belong to one session in one repository."""
    assert row["payload"]["hook_event_name"] == row["hook"]
    assert row["payload"]["session_id"] == ROWS[0]["payload"]["session_id"]
    assert row["payload"]["cwd"] == "/home/dev/invoicing"


def test_no_path_of_the_recording_machine_is_left() -> None:
    """Absolute paths are those of the story."""
    # Inside JSON a line break is `\n`, whose letter would hide a path at the start of a line.
    paths = re.findall(r"(?<![\w./])/\w[\w./-]*", RECORDING.replace("\\n", "\n"))

    assert paths
    assert [path for path in paths if not path.startswith("/home/dev/")] == []


def test_recording_stays_small() -> None:
    """It travels in the wheel: under 100 kB."""
    assert len(RECORDING.encode()) < 100_000
