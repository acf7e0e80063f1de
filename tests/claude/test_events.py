"""Claude Code's hook payloads as adapter events; the fixtures were recorded from the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_claude.events import Claude
from codemem_core.config.settings import Settings
from codemem_core.distil.provenance.origins import origin_of
from codemem_core.errors import InputError
from codemem_core.records.event import AdapterEvent
from codemem_core.records.protocols import EventContext

RECORDED = sorted((Path(__file__).parents[1] / "fixtures/claude/2.1.330").glob("*.json"))
NOTHING = {"UserPromptSubmit.task_notification"}


def recorded(name: str) -> dict[str, Any]:
    """Return one recorded payload with a time, as the hook command stamps it."""
    (path,) = [path for path in RECORDED if path.stem == name]
    payload: dict[str, Any] = json.loads(path.read_text())
    return {**payload, "ts": "2026-11-22T08:00:00.000001Z"}


def normalize(payload: dict[str, Any]) -> AdapterEvent | None:
    """Map a payload as the intake does."""
    return Claude(Settings.load({})).normalize(payload, context=EventContext(cwd="/w"))


@pytest.mark.parametrize("name", [path.stem for path in RECORDED])
def test_every_recorded_payload_is_understood(name: str) -> None:
    """Each hook the client fires gives an event, or is one we leave out on purpose."""
    event = normalize(recorded(name))

    assert (event is None) == (name in NOTHING)


@pytest.mark.parametrize(
    ("name", "event_type"),
    [
        ("SessionStart.startup", "session_start"),
        ("UserPromptSubmit", "prompt"),
        ("PreToolUse.Bash", "tool_call"),
        ("PostToolUse.Bash", "tool_result"),
        ("PostToolUseFailure.Bash", "tool_result"),
        ("Stop", "assistant"),
        ("SessionEnd.other", "session_end"),
    ],
)
def test_each_hook_has_its_event_type(name: str, event_type: str) -> None:
    """The documented mapping."""
    event = normalize(recorded(name))

    assert event is not None
    assert event.event_type == event_type


def test_a_failed_tool_keeps_its_error() -> None:
    """The exit code and what was printed are in the error's text."""
    event = normalize(recorded("PostToolUseFailure.Bash"))

    assert event is not None
    assert event.payload["status"] == "error"
    assert event.payload["error"].startswith("Exit code 3")


def test_an_edit_is_a_unified_diff_without_the_whole_old_file() -> None:
    """The patch says what changed."""
    event = normalize(recorded("PostToolUse.Edit"))

    assert event is not None
    assert event.payload["tool_output"].splitlines() == [
        "--- /home/dev/demo/note.txt",
        "+++ /home/dev/demo/note.txt",
        "@@ -1,2 +1,2 @@",
        " alpha",
        "-beta",
        "+gamma",
    ]


@pytest.mark.parametrize("name", ["PostToolUse.Bash", "UserPromptSubmit"])
def test_the_hosts_own_id_names_an_event_however_often_its_hook_fires(name: str) -> None:
    """A plugin that is installed twice fires each hook twice, a moment apart."""
    payload = recorded(name)
    own = {"tool_use_id": "another", "prompt_id": "another"}
    first, again = normalize(payload), normalize({**payload, "ts": "2026-11-22T08:00:01Z"})
    other = normalize({**payload, **own})

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.event_id == again.event_id != other.event_id


def test_without_an_id_of_the_host_the_time_tells_events_apart() -> None:
    """The same payload is the same event, a later one is another."""
    payload = recorded("SessionStart.startup")
    first, again = normalize(payload), normalize(dict(payload))
    later = normalize({**payload, "ts": "2026-11-22T08:00:01Z"})

    assert first is not None
    assert again is not None
    assert later is not None
    assert first.event_id == again.event_id != later.event_id


def test_stop_takes_text_and_usage_from_the_transcripts_end(tmp_path: Path) -> None:
    """The hook itself brings no usage."""
    reply = {"role": "assistant", "content": [{"type": "text", "text": "Done."}]}
    usage = {"input_tokens": 10, "output_tokens": 5}
    transcript = tmp_path / "t.jsonl"
    record = {"type": "assistant", "message": {**reply, "usage": usage}}
    transcript.write_text("not json\n" + json.dumps(record) + "\n")

    event = normalize(
        {**recorded("Stop"), "last_assistant_message": "", "transcript_path": str(transcript)}
    )

    assert event is not None
    assert event.payload["text"] == "Done."
    assert event.payload["usage"]["input_tokens"] == 10


def test_stops_id_does_not_depend_on_the_transcript(tmp_path: Path) -> None:
    """The transcript grows between two deliveries of the same hook."""
    transcript = tmp_path / "t.jsonl"
    payload = {**recorded("Stop"), "transcript_path": str(transcript)}
    before = normalize(payload)
    usage = {"input_tokens": 1, "output_tokens": 2}
    message = {"role": "assistant", "content": "later", "usage": usage}
    transcript.write_text(json.dumps({"type": "assistant", "message": message}) + "\n")

    after = normalize(payload)

    assert before is not None
    assert after is not None
    assert before.event_id == after.event_id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
hooks = st.sampled_from(["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "Other"])


@given(
    st.dictionaries(st.text(), json_values, max_size=3),
    hooks,
    st.fixed_dictionaries(
        {},
        optional={
            "session_id": json_values,
            "prompt": json_values,
            "tool_name": json_values,
            "tool_input": json_values,
            "tool_response": json_values,
            "last_assistant_message": json_values,
            "ts": json_values,
            "transcript_path": json_values,
        },
    ),
)
def test_any_payload_gives_an_event_or_nothing_or_a_clear_error(
    extra: dict[str, Any], hook: str, fields: dict[str, Any]
) -> None:
    """Whatever a client may send one day, normalising never breaks."""
    payload = {**extra, "hook_event_name": hook, **fields}
    try:
        event = normalize(payload)
    except InputError:
        return
    assert event is None or AdapterEvent.from_json(json.loads(json.dumps(event.to_json())))


def test_what_a_subagent_found_is_a_tools_result() -> None:
    """It is not the user's word, nor the end of the turn; the CLI's own helpers say nothing."""
    stopped = {
        "hook_event_name": "SubagentStop",
        "session_id": "s1",
        "agent_id": "a1",
        "agent_type": "Explore",
        "last_assistant_message": "The cache is in store/lru.py.",
    }

    event = normalize(stopped)

    assert event is not None
    assert event.event_type == "tool_result"
    assert event.payload["kind"] == "agent"
    assert event.payload["tool_output"] == "The cache is in store/lru.py."
    assert normalize({**stopped, "agent_type": ""}) is None


def test_instructions_that_were_loaded_count_as_read() -> None:
    """The session had the file before it: what it says is nothing the session found out."""
    event = normalize(
        {
            "hook_event_name": "InstructionsLoaded",
            "session_id": "s1",
            "file_path": "/w/CLAUDE.md",
            "memory_type": "Project",
            "load_reason": "session_start",
        }
    )

    assert event is not None
    assert (event.payload["kind"], event.payload["files_read"]) == ("read", ["/w/CLAUDE.md"])
    assert "user" not in origin_of(event)


def test_a_compactions_summary_is_the_models_text() -> None:
    """A boundary that is no more trusted than what the assistant writes."""
    event = normalize(
        {
            "hook_event_name": "PostCompact",
            "session_id": "s1",
            "trigger": "auto",
            "compact_summary": "The export was fixed.",
        }
    )

    assert event is not None
    assert event.event_type == "session_start"
    assert event.payload == {"source": "compact", "text": "The export was fixed."}
    assert origin_of(event) == "assistant"


def test_a_turn_that_the_api_broke_off_says_why() -> None:
    """With what the assistant had written until then."""
    event = normalize(
        {
            "hook_event_name": "StopFailure",
            "session_id": "s1",
            "error": "rate_limit",
            "last_assistant_message": "I renamed half of them.",
        }
    )

    assert event is not None
    assert event.event_type == "error"
    assert event.payload["message"] == "rate_limit\nI renamed half of them."
