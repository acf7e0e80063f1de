"""Gemini CLI's own record of a session."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from codemem_core.api import Settings
from codemem_gemini.chat_log import log_payloads
from codemem_gemini.events import Gemini

RECORDED = (
    Path(__file__).parents[1] / "fixtures/gemini/0.61.0/session-2026-11-30T22-16-1346ae86.jsonl"
)


@pytest.fixture
def stored(home: Path) -> Path:
    """Give Gemini CLI's folder one chat that ended an hour ago."""
    project = home / ".gemini/tmp/app"
    path = project / "chats" / RECORDED.name
    path.parent.mkdir(parents=True)
    (project / ".project_root").write_text("/home/dev/app")
    shutil.copy(RECORDED, path)
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def test_a_session_is_told_in_order(stored: Path) -> None:
    """A resumed one in both its parts, each record once, without what was added."""
    source = Gemini(Settings.load({}))

    events = list(source.history())

    turn = ["prompt", *["tool_result"] * 4, "assistant"]
    assert [event.event_type for event in events] == ["session_start", *turn, *turn]
    assert [e.payload["text"] for e in events if e.event_type == "prompt"] == [
        "big", "resumed turn",
    ]  # fmt: skip
    assert events[5].payload["exit_code"] == 3
    assert {event.cwd for event in events} == {"/home/dev/app"}
    assert [e.event_id for e in events] == [e.event_id for e in source.session(stored)]


def test_a_session_that_may_go_on_is_left_alone(stored: Path) -> None:
    """It is recorded by its hooks."""
    os.utime(stored)

    assert list(Gemini(Settings.load({})).history()) == []


def test_a_line_that_cannot_be_read_is_counted(stored: Path) -> None:
    """The others are read all the same."""
    whole = len(list(log_payloads(stored)))
    with stored.open("ab") as file:
        file.write(b'{"id": broken\n')
    skipped = Counter[str]()

    assert len(list(log_payloads(stored, skipped))) == whole
    assert skipped == {"malformed lines": 1}


def chat(folder: Path, *records: dict[str, Any]) -> Path:
    """Write a chat of some records."""
    path = folder / "session-x.jsonl"
    path.write_text("\n".join(map(json.dumps, [{"sessionId": "s1"}, *records])))
    return path


def test_the_last_record_of_an_id_counts(tmp_path: Path) -> None:
    """A record is written again when its tools are done."""
    call = {"id": "c1", "name": "read_file", "args": {"file_path": "/w/a"}, "status": "success"}
    first = {"id": "r1", "type": "gemini", "content": "Let me look."}
    path = chat(tmp_path, first, first | {"toolCalls": [call]})

    told = list(log_payloads(path))

    assert [each["hook_event_name"] for each in told] == ["AssistantText", "AfterTool"]


def test_a_tool_that_was_refused_has_an_error(tmp_path: Path) -> None:
    """No hook tells of it."""
    said = {"error": "[Operation Cancelled] Reason: User denied execution."}
    call = {
        "id": "c1",
        "name": "run_shell_command",
        "args": {"command": "rm x"},
        "status": "cancelled",
        "result": [{"functionResponse": {"response": said}}],
    }
    path = chat(tmp_path, {"id": "r1", "type": "gemini", "content": "", "toolCalls": [call]})

    [event] = Gemini(Settings.load({})).session(path)

    assert event.payload["refused"] is True


def test_the_end_of_a_chat_begins_with_a_whole_line(stored: Path) -> None:
    """Wherever the last bytes begin."""
    everything = [told.get("record_id") for told in log_payloads(stored)]

    for max_bytes in (1, 700, 5_000):
        last = [told.get("record_id") for told in log_payloads(stored, max_bytes=max_bytes)]
        assert last == everything[len(everything) - len(last) :]
