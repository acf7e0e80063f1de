"""OpenCode's events in the common form, over what the real client sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.errors import InputError
from codemem_core.records.event import AdapterEvent
from codemem_core.records.protocols import EventContext
from codemem_opencode.events import OpenCode

FIXTURES = Path(__file__).parent / "fixtures"
SESSION = "ses_1"
TIME = "2026-11-22T07:24:34.692Z"


def recorded(name: str) -> Iterator[dict[str, Any]]:
    """Yield what OpenCode handed to a plugin, as a plugin would pass it on."""
    for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines():
        row = json.loads(line)
        hook = row.pop("hook")
        yield row["event"] if hook == "event" else {"type": hook, **row}


def normalize(payload: dict[str, Any], **context: Any) -> AdapterEvent | None:
    """Normalise in the context of the test's session."""
    context.setdefault("stream_id", SESSION)
    return OpenCode().normalize(payload, context=EventContext(**context))


def said(payload: dict[str, Any], **context: Any) -> AdapterEvent:
    """Normalise an event that must say something."""
    event = normalize(payload, **context)
    assert event is not None
    return event


def of_session(name: str, event_type: str) -> list[AdapterEvent]:
    """Return a recording's events of one type, each once, in order."""
    source = OpenCode()
    events = [source.normalize(row, context=EventContext(ts_ms=1)) for row in recorded(name)]
    wanted = (event for event in events if event and event.event_type == event_type)
    return list({event.event_id: event for event in wanted}.values())


def bus(kind: str, **properties: Any) -> dict[str, Any]:
    """Return an event of OpenCode's bus."""
    return {"id": "evt_1", "type": kind, "properties": {"sessionID": SESSION, **properties}}


def test_posted_prompt_becomes_a_prompt() -> None:
    """What codemem's plugin posts as `user_prompt` keeps text, number, time and folder."""
    event = said(
        {"type": "user_prompt", "prompt_text": " fix it ", "prompt_number": 2, "timestamp": TIME},
        cwd="/home/dev/demo",
        project="demo",
    )

    assert (event.source, event.session_id, event.event_type) == ("opencode", SESSION, "prompt")
    assert event.payload == {"text": "fix it", "prompt_number": 2}
    assert (event.ts, event.cwd, event.project) == (TIME, "/home/dev/demo", "demo")
    assert event.meta["original_event_type"] == "user_prompt"


def test_type_may_come_from_the_envelope() -> None:
    """A payload without `type` is read by the event type beside it."""
    event = said({"prompt_text": "fix it"}, event_type="user_prompt")

    assert event.event_type == "prompt"


def test_sub_agents_prompt_is_the_assistants_word() -> None:
    """A model wrote the prompt of a sub-agent: it must not count as the user's."""
    event = said({"type": "user_prompt", "prompt_text": "say hi", "parent_id": "ses_0"})

    assert (event.event_type, event.payload["text"]) == ("assistant", "say hi")


def test_posted_answer_carries_its_usage() -> None:
    """`assistant_message` keeps text and counters."""
    event = said(
        {"type": "assistant_message", "assistant_text": "Done.", "usage": {"input_tokens": 7}}
    )

    assert event.payload["text"] == "Done."
    assert event.payload["usage"] == {
        "input_tokens": 7,
        "output_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }


def test_usage_without_cost_is_no_event() -> None:
    """Reading from a cache alone is not worth an event."""
    assert normalize({"type": "assistant_usage", "usage": {"cache_read_input_tokens": 9}}) is None


def test_id_is_the_documented_one() -> None:
    """`oc:<session>:<type>:<20 hex>`, odd characters replaced, long sessions cut."""
    event = said({"type": "user_prompt", "prompt_text": "x"}, stream_id="s/ " * 40)

    prefix, session, kind, digest = event.event_id.split(":")
    assert (prefix, kind, len(session), len(digest)) == ("oc", "prompt", 48, 20)
    assert "/" not in session


def test_same_words_at_another_time_are_another_event() -> None:
    """Two equal prompts of one session are two events, told apart by their time."""
    prompt = {"type": "user_prompt", "prompt_text": "yes"}

    first, again, later = (said(prompt, ts_ms=ms).event_id for ms in (1, 1, 2))

    assert first == again != later


def test_carried_adapter_event_is_taken_as_it_is() -> None:
    """A valid `_adapter` of the same session wins over the payload around it."""
    inner = said({"type": "user_prompt", "prompt_text": "inner", "timestamp": TIME})
    outer = {"type": "user_prompt", "prompt_text": "outer", "_adapter": inner.to_json()}

    assert said(outer) == inner


@pytest.mark.parametrize(
    "change", [{"session_id": "ses_2"}, {"source": "claude"}, {"schema_version": "9"}]
)
def test_foreign_or_broken_adapter_event_is_ignored(change: dict[str, str]) -> None:
    """An `_adapter` of another session, host or schema leaves the payload to speak."""
    inner = said({"type": "user_prompt", "prompt_text": "inner", "timestamp": TIME}).to_json()
    outer = {"type": "user_prompt", "prompt_text": "outer", "_adapter": inner | change}

    assert said(outer).payload["text"] == "outer"


def test_session_that_nobody_names_is_refused() -> None:
    """An event must belong to a session."""
    with pytest.raises(InputError, match="without session id"):
        normalize({"type": "user_prompt", "prompt_text": "x"}, stream_id=None)


@pytest.mark.parametrize("kind", ["session.idle", "message.part.delta", "tui.toast.show", ""])
def test_other_events_say_nothing(kind: str) -> None:
    """Idle and unknown events are no events of ours."""
    assert normalize(bus(kind)) is None


def test_recorded_work_session_reads_as_it_went() -> None:
    """One prompt (seen by hook and bus), two answers, each tool call once with its status."""
    prompts = of_session("work_session", "prompt")
    answers = [event.payload["text"] for event in of_session("work_session", "assistant")]
    calls = of_session("work_session", "tool_result")

    assert {event.payload["text"] for event in prompts} == {
        '"Please fix the zebra cache eviction bug"'
    }
    assert [text for text in answers if text] == [
        "I will look at the widget store first.",
        "Fixed the zebra cache eviction bug in src/widget_store.py.",
    ]
    assert [(call.payload["tool_name"], call.payload["status"]) for call in calls] == [
        ("bash", "ok"),
        ("write", "ok"),
        ("read", "ok"),
        ("edit", "ok"),
        ("bash", "error"),
        ("read", "error"),
        ("todowrite", "ok"),
        ("demo-noargs", "ok"),
        ("demo-throws", "error"),
        ("demo-raw", "ok"),
        ("invalid", "ok"),
        ("bash", "error"),
    ]


def test_recorded_usage_counts_each_step_once() -> None:
    """OpenCode reports a finished step twice; both reports are one event."""
    steps = [event for event in of_session("work_session", "assistant") if "usage" in event.payload]

    assert len(steps) == 11
    assert {event.payload["usage"]["input_tokens"] for event in steps} == {1100}
    assert {event.cwd for event in steps} == {"/home/dev/demo"}


def test_failing_command_is_an_error_with_its_output() -> None:
    """A command's exit status makes the event an error and its output stays."""
    call = of_session("work_session", "tool_result")[4]

    assert call.payload["error"] == "exit code 3"
    assert call.payload["tool_output"] == "boom-stderr\n"
    assert call.payload["tool_input"]["command"] == "echo boom-stderr >&2; exit 3"


def test_stopped_command_did_not_finish() -> None:
    """A command the user stopped has no exit status."""
    (call,) = of_session("many_turns", "tool_result")

    assert (call.payload["status"], call.payload["error"]) == ("error", "did not finish")


def test_synthetic_parts_and_compaction_are_no_prompts() -> None:
    """Only what a person typed is a prompt."""
    prompts = {event.payload["text"] for event in of_session("many_turns", "prompt")}

    assert prompts == {
        "hello one",
        "hello two",
        "hello three",
        "slow bash",
        "Please greet Bob",
        "crash the model",
    }


def test_attached_file_is_not_part_of_the_prompt() -> None:
    """The text of an attached file arrives as synthetic parts of the same message."""
    (prompt,) = of_session("odd_shapes", "prompt")

    assert prompt.payload["text"] == '"attached file please"'


def test_compaction_summary_is_not_an_answer() -> None:
    """A compaction's text is left out where the message beside the part tells."""
    part = {"type": "text", "text": "Summary", "time": {"start": 1, "end": 2}}
    info = {"role": "assistant", "agent": "compaction", "summary": True, "finish": "stop"}

    assert normalize(bus("message.part.updated", part=part, info=info)) is None
    assert normalize(bus("message.updated", info=info | {"tokens": {"input": 1}})) is None


def test_mcp_result_is_its_text() -> None:
    """An MCP tool's raw result becomes the text of its content."""
    call = of_session("odd_shapes", "tool_result")[1]

    assert call.payload["tool_name"] == "demo_memory_search"
    assert json.loads(call.payload["tool_output"])["items"][0]["id"] == 1


def test_mcp_error_result_is_an_error() -> None:
    """A result that says `isError` failed, whatever the protocol says."""
    result = {"content": [{"type": "text", "text": "no such table"}], "isError": True}

    event = said({"type": "tool.execute.after", "tool": "db_query", "result": result})

    assert (event.payload["status"], event.payload["error"]) == ("error", "no such table")


def test_session_life_and_errors() -> None:
    """Starts name their parent or cause, errors their message and name."""
    starts = [event.payload for event in of_session("odd_shapes", "session_start")]
    errors = [event.payload for event in of_session("odd_shapes", "error")]

    assert starts == [
        {"source": "startup"},
        {"source": "startup", "parent_id": "ses_dfddb4a4dffe6M6IEsSyuPF4E8"},
        {"source": "compact"},
    ]
    assert [(error["name"], error["message"]) for error in errors] == [
        ("APIError", "scripted failure"),
        ("UnknownError", "Model not found: fake/nope."),
        ("MessageAbortedError", "Aborted"),
    ]


def test_deleted_session_ends() -> None:
    """`session.deleted` is the end."""
    (end,) = of_session("many_turns", "session_end")

    assert end.payload == {"reason": "deleted"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
KEYS = [
    *("properties", "info", "part", "input", "output", "parts", "message", "state", "error"),
    *("tool", "args", "result", "metadata", "exit", "content", "text", "usage", "tokens", "cache"),
    *("sessionID", "role", "type", "time", "timestamp", "end", "created", "prompt_text", "status"),
]
KINDS = [
    *("user_prompt", "assistant_message", "assistant_usage", "tool.execute.after", "chat.message"),
    *("message.updated", "message.part.updated", "session.created", "session.error", "text"),
]
shaped_values = st.recursive(
    json_values | st.sampled_from([*KINDS, "tool", "error", "user", "assistant", TIME]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=25,
)


@given(
    payload=st.dictionaries(st.sampled_from(KEYS), shaped_values),
    kind=st.sampled_from(KINDS) | st.text(max_size=5),
    ts_ms=st.none() | st.integers(),
)
def test_any_payload_is_read_or_refused(
    payload: dict[str, Any], kind: str, ts_ms: int | None
) -> None:
    """Whatever JSON arrives gives an event, nothing or `InputError`, and twice the same id."""
    payload = {"type": kind} | payload

    def attempt() -> str | None:
        try:
            event = normalize(payload, ts_ms=ts_ms)
        except InputError:
            return "refused"
        return event and event.event_id

    assert attempt() == attempt()


def test_deep_nesting_is_refused() -> None:
    """A payload nested beyond what JSON can be written at is an input error."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(InputError, match="nested too deeply"):
        normalize({"type": "tool.execute.after", "tool": "bash", "args": {"a": deep}})
