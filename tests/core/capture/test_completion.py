"""Events of an earlier version are completed by their source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import codemem_claude.plugin
import codemem_opencode.plugin
from codemem_core.capture.completion import completed, completed_events
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent, RawEvent

PLUGINS = Plugins.only(codemem_claude.plugin, codemem_opencode.plugin, settings=Settings.load({}))


def tool(source: str, **payload: Any) -> AdapterEvent:
    """Return a tool event as version 1.0.0 stored it."""
    return AdapterEvent(
        source=source,
        session_id="s1",
        event_id="event-0001",
        event_type="tool_result",
        ts="2026-11-22T08:00:00Z",
        payload={"status": "ok", **payload},
    )


@pytest.mark.parametrize(
    "event",
    [
        tool("claude", tool_name="Read", tool_input={"file_path": "/w/a.py"}, tool_output="x"),
        tool("opencode", tool_name="read", tool_input={"filePath": "/w/a.py"}, tool_output="x"),
    ],
    ids=["claude", "opencode"],
)
def test_a_tool_event_gets_its_typed_fields_and_keeps_its_id(event: AdapterEvent) -> None:
    """Once is enough: what has them is returned as it is."""
    whole = completed(PLUGINS, event)

    assert (whole.payload["kind"], whole.payload["files_read"]) == ("read", ["/w/a.py"])
    assert whole.event_id == event.event_id
    assert completed(PLUGINS, whole) is whole


def test_an_event_whose_source_is_gone_stays_as_it_is() -> None:
    """Its plugin was uninstalled."""
    event = tool("elsewhere", tool_name="read")

    assert completed(PLUGINS, event) is event


def test_stored_events_are_completed_and_others_left_alone() -> None:
    """An event without a common form has nothing to complete."""
    event = tool("claude", tool_name="Bash", tool_input={"command": "ls"})
    stored = RawEvent(
        source="claude",
        stream_id="s1",
        event_id="event-0001",
        event_type="claude.hook",
        payload={},
        adapter=event,
    )

    whole, odd = completed_events(
        PLUGINS, [stored, replace(stored, payload={"x": 1}, adapter=None)]
    )

    assert whole.common["command"] == "ls"
    assert odd.payload == {"x": 1}
