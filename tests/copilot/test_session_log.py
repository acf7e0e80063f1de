"""Copilot's own record of a session."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from codemem_copilot.events import Copilot
from codemem_copilot.session_log import log_payloads
from codemem_core.api import Settings

RECORDED = Path(__file__).parents[1] / "fixtures/copilot/1.0.102/events.jsonl"


@pytest.fixture
def stored(home: Path) -> Path:
    """Give Copilot's folder one session that ended an hour ago."""
    path = home / ".copilot/session-state/1fab81ae/events.jsonl"
    path.parent.mkdir(parents=True)
    shutil.copy(RECORDED, path)
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def test_a_session_is_told_in_order(stored: Path) -> None:
    """From its start to its end, without what hooks added to the prompt."""
    source = Copilot(Settings.load({}))

    events = list(source.history())

    assert [event.event_type for event in events] == [
        "session_start", "prompt", *["tool_result"] * 4, "assistant", "session_end",
    ]  # fmt: skip
    assert events[1].payload["text"] == "The zephyr cache gives stale artifacts; fix it"
    assert events[5].payload["exit_code"] == 3
    assert {event.cwd for event in events} == {"/home/dev/app"}
    assert [e.event_id for e in events] == [e.event_id for e in source.session(stored)]


def test_a_session_that_may_go_on_is_left_alone(stored: Path) -> None:
    """It is recorded by its hooks."""
    os.utime(stored)

    assert list(Copilot(Settings.load({})).history()) == []


def test_only_what_changed_since_is_read(stored: Path) -> None:
    """The time is that of the file."""
    since_ms = (time.time_ns() // 1_000_000) - 60_000

    assert list(Copilot(Settings.load({})).history(since_ms=since_ms)) == []


def test_a_line_that_cannot_be_read_is_counted(stored: Path) -> None:
    """The others are read all the same."""
    whole = len(list(log_payloads(stored)))
    with stored.open("ab") as file:
        file.write(b'{"type":"tool.execution_complete", broken\n')
    skipped = Counter[str]()

    assert len(list(log_payloads(stored, skipped))) == whole
    assert skipped == {"malformed lines": 1}


def test_the_end_of_a_log_begins_with_a_whole_line(stored: Path) -> None:
    """Wherever the last bytes begin."""
    everything = [told["recordId"] for told in log_payloads(stored)]

    for max_bytes in (1, 700, 5_000, 10**6):
        last = [told["recordId"] for told in log_payloads(stored, max_bytes=max_bytes)]
        assert last == everything[len(everything) - len(last) :]


def test_words_between_tools_are_no_last_words(tmp_path: Path) -> None:
    """The message that asks for a tool goes on."""
    path = tmp_path / "events.jsonl"
    messages = [{"content": "Let me look.", "toolRequests": [{}]}, {"content": "Done."}]
    lines = [json.dumps({"type": "assistant.message", "data": data}) for data in messages]
    path.write_text("\n".join(lines))

    assert [told["hookName"] for told in log_payloads(path)] == ["assistantText", "agentStop"]
