"""The JavaScript plugin and the Python source agree on what they exchange."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codemem_core.paths import socket_path
from codemem_core.records.events import AdapterEvent
from codemem_core.records.protocols import EventContext
from codemem_opencode.events import OpenCode

NODE = shutil.which("node")
REPLAY = Path(__file__).with_name("replay.mjs")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


def run(*arguments: str) -> list[Any]:
    """Run the plugin's code in Node and return the JSON lines it prints."""
    done = subprocess.run(
        [str(NODE), str(REPLAY), *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def understood(recording: str) -> list[AdapterEvent]:
    """Return what the source makes of everything the plugin posts of a recording."""
    source = OpenCode()
    events = [
        source.normalize(posted["payload"], context=EventContext(stream_id=posted["sessionID"]))
        for posted in run("events", recording)
    ]
    assert None not in events
    return [event for event in events if event]


def test_every_posted_event_is_understood() -> None:
    """Nothing the plugin posts is lost on the source, and every event has its own id."""
    events = understood("work_session")

    assert len({event.event_id for event in events}) == len(events) == 27
    assert [event.event_type for event in events[:2]] == ["session_start", "prompt"]
    failed = [event for event in events if event.payload.get("status") == "error"]
    assert [event.payload["tool_name"] for event in failed] == [
        *("bash", "read", "demo-throws", "bash")
    ]
    assert failed[0].payload["error"] == "exit code 3"


def test_life_of_a_session_is_understood() -> None:
    """Compaction, errors and the end arrive as what they are."""
    kinds = [event.event_type for event in understood("many_turns")]

    assert kinds.count("prompt") == 6
    assert kinds.count("session_start") == 3  # two sessions, one compaction
    assert kinds.count("error") == 2
    assert kinds[-1] == "session_end"


@pytest.mark.parametrize("folder", ["/home/dev/.codemem", "/home/dev/" + "deep/" * 30])
def test_both_look_for_the_same_socket(folder: str) -> None:
    """The plugin connects where the server listens, with short paths and long ones."""
    database = f"{folder.rstrip('/')}/mem.sqlite"

    assert run("socket", database) == [socket_path(database)]
