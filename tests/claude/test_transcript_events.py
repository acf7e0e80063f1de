"""What a transcript tells that no hook did."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from codemem_claude import plugin
from codemem_claude.events import Claude
from codemem_claude.hook_host import HOST
from codemem_claude.transcript_events import TAIL_BYTES
from codemem_core import paths
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.hooks.fallback import keep
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent
from codemem_core.records.protocols import EventContext
from codemem_core.store.engine.store import Store

CLAUDE = Claude(Settings.load({}))
USAGE = {"input_tokens": 5, "output_tokens": 2}


def record(kind: str, content: Any, n: int, **more: Any) -> str:
    """Return one line of a transcript."""
    message = {"role": kind, "id": f"m{n}", "content": content, "usage": USAGE}
    line = {"type": kind, "uuid": f"u{n}", "sessionId": "s1", "message": message}
    return json.dumps({**line, "timestamp": f"2026-11-22T08:00:{n:02d}Z", **more}) + "\n"


def used(n: int, name: str) -> str:
    """Return the line of a tool call."""
    return record("assistant", [{"type": "tool_use", "id": f"t{n}", "name": name, "input": {}}], n)


def result(n: int, use: int, text: str, *, failed: bool) -> str:
    """Return the line of a tool's result."""
    block = {"type": "tool_result", "tool_use_id": f"t{use}", "content": text, "is_error": failed}
    return record("user", [block], n)


TURN = [
    record("user", "fix it", 1),
    record("assistant", [{"type": "text", "text": "The cause is the cache."}], 2),
    used(3, "Bash"),
    result(4, 3, "Claude requested permissions, but you haven't granted it yet.", failed=True),
    used(5, "Read"),
    result(6, 5, "content", failed=False),
    used(7, "Edit"),
    result(8, 7, "<tool_use_error>String not found</tool_use_error>", failed=True),
    record("assistant", [{"type": "text", "text": "Done."}], 9),
]


def stop(path: Path, **more: Any) -> dict[str, Any]:
    """Return a Stop payload that names the transcript."""
    common = {"session_id": "s1", "transcript_path": str(path), "cwd": "/w/demo"}
    return {**common, "hook_event_name": "Stop", "last_assistant_message": "Done.", **more}


def missed(payload: dict[str, Any], *seen: str) -> list[AdapterEvent]:
    """Return what is missed, as events."""
    told = CLAUDE.missed(payload, seen=set(seen))
    events = [CLAUDE.normalize(each, context=EventContext()) for each in told]
    return [event for event in events if event]


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """Write a transcript of one turn."""
    path = tmp_path / "s1.jsonl"
    path.write_text("".join(TURN))
    return path


def test_words_between_tools_and_refused_tools_are_found(transcript: Path) -> None:
    """In their order, with their times; neither what hooks told nor the turn's last words."""
    found = missed(stop(transcript), "t5")

    assert [(event.event_type, event.ts[17:19]) for event in found] == [
        ("assistant", "02"), ("tool_result", "04"), ("tool_result", "08"),
    ]  # fmt: skip
    said, refused, invalid = (event.payload for event in found)
    assert said == {"text": "The cause is the cache.", "final": False, "usage": USAGE | {
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
    }}  # fmt: skip
    assert (refused["tool_name"], refused["status"]) == ("Bash", "error")
    assert invalid["error"] == "String not found"


def test_the_same_is_found_again_under_the_same_ids(transcript: Path) -> None:
    """At SessionEnd as at Stop, whatever is asked and whatever was added since."""
    first = [event.event_id for event in missed(stop(transcript), "t5")]
    with transcript.open("a") as file:
        file.write(record("user", "thanks", 10))

    again = missed(stop(transcript, hook_event_name="SessionEnd", reason="other"), "t5")

    assert [event.event_id for event in again] == first


def test_what_came_later_is_left_to_its_own_end(transcript: Path) -> None:
    """A Stop from the spool is read when the next turn's hooks may still wait behind it."""
    found = missed(stop(transcript, ts="2026-11-22T08:00:06.500000Z"), "t5")

    assert [event.ts[17:19] for event in found] == ["02", "04"]


def test_only_the_end_of_a_long_transcript_is_read(tmp_path: Path) -> None:
    """A line cut in two by the limit is no line."""
    path = tmp_path / "s1.jsonl"
    path.write_text(record("user", "x" * 2 * TAIL_BYTES, 1) + "".join(TURN))

    assert len(missed(stop(path), "t5")) == 3


def test_an_interrupted_turn_keeps_its_words(tmp_path: Path) -> None:
    """No Stop hook tells of them."""
    path = tmp_path / "s1.jsonl"
    words = record("assistant", [{"type": "text", "text": "It is the cache."}], 2)
    path.write_text(TURN[0] + words + record("user", "[Request interrupted by user]", 3))

    said, stopped = missed(stop(path))
    assert said.payload["text"] == "It is the cache."
    assert stopped.payload["interrupted"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"hook_event_name": "PostToolUse"},
        {"agent_id": "a1"},
        {"transcript_path": "/etc/passwd"},
        {"transcript_path": None},
    ],
)
def test_nothing_is_read_otherwise(transcript: Path, change: dict[str, Any]) -> None:
    """Only at the end of the session's own turns, and only transcripts."""
    assert missed({**stop(transcript), **change}) == []


@pytest.mark.parametrize("hook", ["UserPromptSubmit", "Stop"])
def test_a_subagents_words_are_not_the_sessions(hook: str) -> None:
    """What it is told is not the user's word, what it answers does not end the turn."""
    payload = {"hook_event_name": hook, "session_id": "s1", "prompt": "look", "agent_id": "a1"}
    payload["last_assistant_message"] = "Seen."

    assert CLAUDE.normalize(payload, context=EventContext()) is None


@pytest.fixture
def large(tmp_path: Path) -> dict[str, Any]:
    """Return the payload of a command whose output Claude Code keeps in a file."""
    kept = tmp_path / "s1" / "tool-results" / "x.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("begin\n" + "line\n" * 20_000 + "FAILED at the end\n")
    output = {"stdout": "begin\nline", "stderr": "", "persistedOutputPath": str(kept)}
    return {
        "hook_event_name": "PostToolUse", "session_id": "s1", "tool_name": "Bash",
        "transcript_path": str(tmp_path / "s1.jsonl"), "tool_response": output,
        "ts": "2026-11-22T08:00:00Z",
    }  # fmt: skip


def test_the_end_of_a_long_output_is_kept(large: dict[str, Any]) -> None:
    """Its event has the same id with and without the file."""
    whole = CLAUDE.normalize(large, context=EventContext())
    Path(large["tool_response"]["persistedOutputPath"]).unlink()
    without = CLAUDE.normalize(large, context=EventContext())

    assert whole
    assert without
    stdout = whole.payload["tool_output"]
    assert stdout.startswith("begin\nline")
    assert stdout.endswith("FAILED at the end\n")
    assert len(stdout) < 17_000
    assert without.payload["tool_output"] == "begin\nline"
    assert whole.event_id == without.event_id


def test_no_other_file_is_read(large: dict[str, Any], tmp_path: Path) -> None:
    """A tool may name any path, also one that only looks like Claude Code's."""
    secret = tmp_path / "secret.txt"
    secret.write_text("key")
    inside = tmp_path / "s1" / "tool-results"
    (inside / "link.txt").symlink_to(secret)
    for path in (secret, inside / ".." / ".." / "secret.txt", inside / "link.txt"):
        large["tool_response"]["persistedOutputPath"] = str(path)
        event = CLAUDE.normalize(large, context=EventContext())
        assert event
        assert event.payload["tool_output"] == "begin\nline"


@pytest.mark.parametrize("spooled", [False, True])
def test_a_session_without_a_server_is_reconciled_too(
    transcript: Path, home: Path, *, spooled: bool
) -> None:
    """By the hook that writes to the database itself, or by whoever empties the spool."""
    del home
    settings = Settings.load(dict(os.environ))
    payload = stop(transcript, ts="2026-11-22T08:00:30Z")
    if spooled:
        Spool.of(settings).write("claude", payload)
    else:
        keep(HOST, payload, settings, until=time.monotonic() + 30)

    with Store.open(paths.database_path(settings)) as store:
        Spool.of(settings).drain(store, Intake(Plugins.only(builtin, plugin, settings=settings)))
        with store.read() as db:
            kinds = [kind for (kind,) in db.execute("SELECT kind FROM raw_events ORDER BY seq")]

    assert kinds == ["assistant", "tool_result", "tool_result", "tool_result", "assistant"]
