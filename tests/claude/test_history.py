"""Transcripts read back as the hook payloads that Claude Code once sent."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemem_claude import history
from codemem_claude.history import hook_payloads

SESSION = "00000001-0000-4000-8000-000000000001"


def record(kind: str, content: Any, **fields: Any) -> dict[str, Any]:
    """Make a transcript record as Claude Code writes them."""
    message = {"role": kind, "content": content, "id": fields.pop("message_id", "msg_1")}
    return {
        "type": kind,
        "message": message,
        "sessionId": SESSION,
        "cwd": "/home/dev/demo",
        "timestamp": fields.pop("ts", "2026-11-22T07:54:01.799Z"),
        **fields,
    }


def said(text: str, **fields: Any) -> dict[str, Any]:
    """Make an assistant record with one text block."""
    return record("assistant", [{"type": "text", "text": text}], **fields)


def call(name: str, given: dict[str, Any], use_id: str = "toolu_1") -> dict[str, Any]:
    """Make an assistant record with one tool call."""
    block = {"type": "tool_use", "id": use_id, "name": name, "input": given}
    return record("assistant", [block], message_id="msg_2")


def result(text: str, use_id: str = "toolu_1", *, failed: bool = False, **fields: Any) -> Any:
    """Make the user record that carries a tool's result."""
    block = {"type": "tool_result", "tool_use_id": use_id, "content": text, "is_error": failed}
    return record("user", [block], **fields)


def write(path: Path, *records: Any) -> Path:
    """Write a transcript and return its path."""
    file = path / "session.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return file


def replay(path: Path, *records: Any) -> list[dict[str, Any]]:
    """Return the payloads of a transcript of these records."""
    return list(hook_payloads(write(path, *records)))


def names(payloads: list[dict[str, Any]]) -> list[str]:
    """Return the hooks' names."""
    return [payload["hook_event_name"] for payload in payloads]


def test_turn_gives_the_hooks_in_their_order(tmp_path: Path) -> None:
    """A prompt, a tool and a closing word come back as five hooks in that order."""
    payloads = replay(
        tmp_path,
        record("user", "Say hi", promptId="p1"),
        call("Bash", {"command": "echo hi"}),
        result("hi", toolUseResult={"stdout": "hi", "stderr": ""}),
        said("Said hi."),
    )

    assert names(payloads) == [
        "SessionStart",
        "UserPromptSubmit",
        "PostToolUse",
        "Stop",
        "SessionEnd",
    ]
    assert payloads[1]["prompt"] == "Say hi"
    assert payloads[2]["tool_input"] == {"command": "echo hi"}
    assert payloads[2]["tool_response"] == {"stdout": "hi", "stderr": ""}
    assert payloads[3]["last_assistant_message"] == "Said hi."
    assert {payload["session_id"] for payload in payloads} == {SESSION}


def test_payloads_carry_the_records_time(tmp_path: Path) -> None:
    """Each payload has the time of its own record: Stop that of the answer, not of what follows."""
    payloads = replay(
        tmp_path,
        record("user", "One", ts="2026-11-22T08:00:00Z"),
        said("First.", ts="2026-11-22T08:00:05Z"),
        record("user", "Two", ts="2026-11-22T09:00:00Z"),
    )

    times = {name: p["ts"] for name, p in zip(names(payloads), payloads, strict=True)}
    assert times["Stop"] == "2026-11-22T08:00:05Z"
    assert times["UserPromptSubmit"] == "2026-11-22T09:00:00Z"


def test_failed_tool_gives_its_error_text(tmp_path: Path) -> None:
    """A result marked as error is a PostToolUseFailure with the text the model saw."""
    payloads = replay(
        tmp_path,
        call("Bash", {"command": "false"}),
        result("Exit code 1\noops", failed=True, toolUseResult="Error: Exit code 1\noops"),
    )

    assert names(payloads)[1] == "PostToolUseFailure"
    assert payloads[1]["error"] == "Exit code 1\noops"
    assert "tool_response" not in payloads[1]


def test_refusals_fire_no_hook(tmp_path: Path) -> None:
    """What Claude Code refuses itself never reached a hook, so it does not come back as one."""
    payloads = replay(
        tmp_path,
        call("Edit", {"file_path": "a"}),
        result("<tool_use_error>String to replace not found</tool_use_error>", failed=True),
        call("Bash", {"command": "rm"}, "toolu_2"),
        result("The user doesn't want to proceed", "toolu_2", failed=True),
    )

    assert names(payloads) == ["SessionStart", "SessionEnd"]


def test_what_the_user_did_not_say_is_left_out(tmp_path: Path) -> None:
    """Meta, side-chain and injected records, notifications and `/clear` are no prompts."""
    payloads = replay(
        tmp_path,
        record("user", "Caveat", isMeta=True),
        record("user", "sub agent's task", isSidechain=True),
        record("user", "<command-name>/clear</command-name>\n<command-args></command-args>"),
        record("user", "<local-command-stdout>cleared</local-command-stdout>"),
        record("user", "<task-notification>\n<status>done</status>\n</task-notification>"),
        record("user", "<system-reminder>be good</system-reminder>Real words"),
    )

    assert [p["prompt"] for p in payloads if "prompt" in p] == ["Real words"]


def test_slash_command_that_was_answered_is_a_prompt(tmp_path: Path) -> None:
    """A command of the user's own goes to the model, so its name and arguments are the prompt."""
    payloads = replay(
        tmp_path,
        record("user", "<command-name>/review</command-name><command-args>the diff</command-args>"),
        said("Looks good."),
    )

    assert payloads[1]["prompt"] == "/review the diff"


def test_only_the_last_words_of_a_turn_are_its_conclusion(tmp_path: Path) -> None:
    """What is said before a tool runs is no conclusion; blocks of one message belong together."""
    payloads = replay(
        tmp_path,
        said("Let me look."),
        call("Read", {"file_path": "a"}),
        result("text"),
        said("It is fine.", message_id="msg_3"),
        said("Nothing to do.", message_id="msg_3"),
    )

    stops = [p for p in payloads if p["hook_event_name"] == "Stop"]
    assert [p["last_assistant_message"] for p in stops] == ["It is fine.\n\nNothing to do."]


def test_interrupted_turn_has_no_stop(tmp_path: Path) -> None:
    """No Stop hook runs when the user presses Escape."""
    payloads = replay(
        tmp_path,
        record("user", "Go"),
        said("Starting."),
        record("user", [{"type": "text", "text": "[Request interrupted by user]"}]),
    )

    assert "Stop" not in names(payloads)


def test_unusable_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    """A torn line costs only itself, and the caller hears of it."""
    file = write(tmp_path, record("user", "Hello there"))
    file.write_bytes(b'{"type": "user", "mess\n[1]\n' + file.read_bytes() + b'{"torn')
    skipped: Counter[str] = Counter()

    payloads = list(hook_payloads(file, skipped=skipped))

    assert "UserPromptSubmit" in names(payloads)
    assert skipped == {"malformed lines": 3}


def test_endless_line_is_not_held(tmp_path: Path) -> None:
    """A line beyond the limit is dropped without reading it whole; the next one counts."""
    file = tmp_path / "long.jsonl"
    tail = json.dumps(record("user", "After it")).encode()
    file.write_bytes(b"x" * (history.MAX_LINE_BYTES + 10) + b"\n" + tail + b"\n")
    skipped: Counter[str] = Counter()

    payloads = list(hook_payloads(file, skipped=skipped))

    assert [p["prompt"] for p in payloads if "prompt" in p] == ["After it"]
    assert skipped == {"lines longer than 32 MiB": 1}


@pytest.mark.parametrize("before", [b"\0" * 512, b"\n\0", b" \r"])
def test_a_line_after_a_crash_is_read(tmp_path: Path, before: bytes) -> None:
    """NULs and blanks where it begins cost nothing."""
    file = write(tmp_path, record("user", "After it"))
    file.write_bytes(before + file.read_bytes())

    assert [p["prompt"] for p in hook_payloads(file) if "prompt" in p] == ["After it"]


def test_a_bad_byte_costs_a_character(tmp_path: Path) -> None:
    """The words around it stay."""
    file = write(tmp_path, record("user", "one QQ two"))
    file.write_bytes(file.read_bytes().replace(b"QQ", b"\xff"))

    assert [p["prompt"] for p in hook_payloads(file) if "prompt" in p] == ["one \ufffd two"]


@pytest.mark.parametrize(
    "text",
    [
        "how do I use <system-reminder> in a prompt? please explain",
        "what does <command-name>/foo</command-name> mean in a transcript?",
        "`<task-notification>` is what I see\nand <ide_selection>x</ide_selection> too",
    ],
)
def test_a_person_may_name_the_clients_tags(tmp_path: Path, text: str) -> None:
    """What the client adds stands at the beginning of a line."""
    payloads = replay(tmp_path, record("user", text))

    assert [p["prompt"] for p in payloads if "prompt" in p] == [text]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<system-reminder>a\nb</system-reminder>\nFix it", "Fix it"),
        ("Fix it\n<system-reminder>a\nb</system-reminder>", "Fix it"),
        ("<system-reminder>cut off", None),
    ],
)
def test_what_the_client_adds_is_no_prompt(tmp_path: Path, text: str, left: str | None) -> None:
    """Before, after or instead of what a person typed."""
    payloads = replay(tmp_path, record("user", text))

    assert [p["prompt"] for p in payloads if "prompt" in p] == ([left] if left else [])


def test_a_line_without_a_usable_time_gets_the_last_one(tmp_path: Path) -> None:
    """And the file's own time when it is the first: the same at each reading."""
    file = write(
        tmp_path,
        record("user", "a", ts="not a time"),
        record("user", "b"),
        record("user", "c", ts=None),
    )
    os.utime(file, (1_000, 1_000))

    first, *others = [p["ts"] for p in hook_payloads(file) if "prompt" in p]
    assert first.startswith("1970-01-01T00:16:40")
    assert others == ["2026-11-22T07:54:01.799Z"] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "message", "content", "text", "id", "tool_use_id", "name"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.tuples(st.sampled_from(["user", "assistant"]), JSON), max_size=5))
def test_any_record_is_survived(tmp_path: Path, contents: list[tuple[str, Any]]) -> None:
    """Records of any content give a well-formed session and never an exception."""
    payloads = replay(tmp_path, *(record(kind, content) for kind, content in contents))

    assert names(payloads)[:1] == (["SessionStart"] if contents else [])
    assert all(isinstance(p["hook_event_name"], str) for p in payloads)
