"""From deliveries to events fit to be stored."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codemem_claude.events
import codemem_claude.plugin
import codemem_opencode.plugin
from codemem_core.capture.delivery import Parcel, storable
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.distil.provenance.origins import origin_of
from codemem_core.errors import InputError
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent
from codemem_core.store.engine.store import Store

EVENT = {"session_id": "s1", "event_id": "e-000001", "event_type": "user_prompt"}


def intake() -> Intake:
    """Make an intake with both hosts."""
    modules = (builtin, codemem_claude.plugin, codemem_opencode.plugin)
    return Intake(Plugins.only(*modules, settings=Settings.load({})))


def test_one_event_and_a_list_are_both_taken() -> None:
    """Fields of the request hold for every event that has none of its own."""
    (one,) = intake().raw_events(EVENT)
    first, second = intake().raw_events(
        {"session_id": "s2", "project": "/w/api", "events": [{**EVENT}, {**EVENT, "cwd": "/x"}]}
        | {"events": [{"event_type": "t", "event_id": "a"}, {"event_type": "t", "project": "web"}]}
    )

    assert one.stream_id == "s1"
    assert (first.stream_id, first.project, second.project) == ("s2", "api", "web")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "payload must be an object"),
        ({"events": 3}, "events must be a list"),
        ({"events": [3]}, "event must be an object"),
        ({**EVENT, "session_id": None}, "session id required"),
        ({**EVENT, "session_id": 3}, "session_id must be string"),
        ({**EVENT, "stream_id": "other"}, "conflicting session id fields"),
        ({**EVENT, "session_id": "msg_1"}, "invalid session id"),
        ({**EVENT, "event_type": ""}, "event_type required"),
        ({**EVENT, "event_seq": "x"}, "event_seq must be int"),
        ({**EVENT, "ts_wall_ms": True}, "ts_wall_ms must be int"),
        ({**EVENT, "ts_wall_ms": 2**70}, "ts_wall_ms must be int"),
        ({**EVENT, "ts_mono_ms": []}, "ts_mono_ms must be number"),
        ({**EVENT, "payload": "x"}, "payload must be an object"),
        ({**EVENT, "payload": []}, "payload must be an object"),
        ({**EVENT, "cwd": 3}, "cwd must be string"),
    ],
)
def test_bad_deliveries_are_refused_with_a_reason(body: object, problem: str) -> None:
    """The words are those that existing clients know."""
    with pytest.raises(InputError, match=problem):
        intake().raw_events(body)


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    """A repeated delivery is recognised even then."""
    body = {"session_id": "s", "event_type": "t", "payload": {"a": 1}, "event_seq": "7"}

    first, again = intake().raw_events(body)[0], intake().raw_events(body)[0]

    assert first.event_id == again.event_id
    assert first.event_id.startswith("legacy-seq-7-")


def test_secrets_and_private_parts_are_gone_before_anything_is_stored() -> None:
    """Neither the native fields nor the adapter event hold them."""
    key = "sk-ant-" + "api03-" + "A1b2C3d4" * 8
    prompt = f"use {key} <private>my diary</private> please"
    hook = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": prompt, "cwd": "/w"}
    native = {"type": "user_prompt", "prompt_text": prompt}

    stored = [
        intake().hook("claude", hook),
        *intake().raw_events({**EVENT, "payload": native}),
    ]

    text = json.dumps([event.to_json() for event in stored if event])
    assert key not in text
    assert "diary" not in text
    assert "REDACTED" in text


def test_a_hook_that_says_nothing_is_skipped() -> None:
    """A prompt of blanks is no event."""
    blank = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "  "}

    assert intake().hook("claude", blank) is None


def test_the_project_the_hook_was_told_wins() -> None:
    """CODEMEM_PROJECT in the hook's environment is more than the folder's name."""
    hook = {"hook_event_name": "SessionStart", "session_id": "s", "cwd": "/w/other"}

    event = intake().hook("claude", {**hook, "codemem": {"project": "/somewhere/mine"}})

    assert event is not None
    assert event.project == "mine"


@pytest.mark.parametrize("ts", [1_780_000_000_000_000, 1, 1_780_000_000_000 - 2 * 86_400_000])
def test_a_time_that_cannot_be_right_is_replaced_and_marked(ts: int) -> None:
    """A clock in microseconds must not put its events in front of all others for ever."""
    now_ms = 1_780_000_000_000
    body = {**EVENT, "payload": {"type": "user_prompt", "prompt_text": "x"}}

    (event,) = intake().raw_events({**body, "ts_wall_ms": ts}, received_ms=now_ms)
    (right,) = intake().raw_events({**body, "ts_wall_ms": now_ms - 60_000}, received_ms=now_ms)

    assert event.ts_ms == now_ms
    assert event.adapter
    assert event.adapter.meta["ts_normalized"] == "received"
    assert json.loads(event.text) == event.to_json()
    assert right.ts_ms == now_ms - 60_000
    assert event.event_id == right.event_id


def tool(kind: str, command: str = "") -> AdapterEvent:
    """Make a tool event."""
    return AdapterEvent(
        source="claude",
        session_id="s",
        event_id="event-01",
        event_type="tool_result",
        ts="2026-11-22T08:00:00Z",
        payload={"tool_name": "any", "kind": kind, "status": "ok", "command": command},
    )


def test_the_origin_is_bound_to_the_kind_of_event() -> None:
    """What comes from the network is less trusted than the repository's own files."""
    assert origin_of(tool("read")) == "tool_repo"
    assert origin_of(tool("run", "pytest -q")) == "tool_exec"
    assert origin_of(tool("run", "curl example.org")) == "external"
    assert origin_of(tool("fetch")) == "external"
    assert origin_of(tool("other")) == "external"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_anything_json_can_hold_becomes_storable(value: Any) -> None:
    """Lone surrogates, NUL and NaN do not reach the database."""
    text = json.dumps(storable(value), allow_nan=False, ensure_ascii=False)

    assert "\0" not in text
    text.encode()


@given(st.dictionaries(st.sampled_from([*EVENT, "payload", "events", "cwd"]), json_values))
def test_any_body_is_taken_or_refused_with_a_reason(body: dict[str, Any]) -> None:
    """Nothing but `InputError` comes out."""
    try:
        events = intake().raw_events(body)
    except InputError as error:
        assert str(error)
    else:
        assert all(event.stream_id and event.event_id for event in events)


def test_an_envelope_of_another_stream_is_ignored() -> None:
    """A payload cannot speak for a session it was not sent for."""
    forged = tool("read").to_json() | {"session_id": "somebody-else"}

    (event,) = intake().raw_events({**EVENT, "payload": {"_adapter": forged}})

    assert event.adapter != AdapterEvent.from_json(forged)
    assert "_adapter" not in event.payload


SAID = st.text() | st.sampled_from(
    ["see https://me:hunter22@host/x", "api_key = 'abcdef123456'", "<private>x</private>", "a/b"]
)


@given(said=SAID, ascii_only=st.booleans(), slashes=st.booleans())
def test_the_text_of_a_delivery_hides_nothing(said: str, ascii_only: bool, slashes: bool) -> None:
    """However a client writes its JSON, what is stored is what a look at each event gives."""
    told = {"type": "user_prompt", "prompt_text": storable(said)}
    body = {**EVENT, "ts_wall_ms": time.time_ns() // 1_000_000, "payload": told}
    text = json.dumps(body, ensure_ascii=ascii_only)
    if slashes:
        text = text.replace("/", "\\/")
    one = intake()

    assert one.raw_events(json.loads(text), text=text) == one.raw_events(body)


SECRET = "gh" + "p_" + "a1B2c3D4e5" * 4
FIELDS = ["session_id", "cwd", "project", "tool_use_id", "git_branch", "some_new_field"]


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_a_hook_keeps_a_secret(field: str) -> None:
    """The event is redacted as it will be stored, with fields that nobody knows yet."""
    payload = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": "hello"}

    event = intake().hook("claude", payload | {field: f"/a/{SECRET}/b"})

    assert event is not None
    assert SECRET[4:] not in repr(event)


@pytest.mark.parametrize("field", ["session_id", "cwd", "project", "event_id"])
def test_no_field_of_a_delivery_keeps_a_secret(field: str) -> None:
    """Around the payload too."""
    body = {"session_id": "s1", "event_type": "note", "payload": {"text": "hello"}}

    [event] = intake().raw_events(body | {field: f"/a/{SECRET}/b"})

    assert SECRET[4:] not in repr(event)


def test_a_fault_in_reading_the_hosts_record_costs_no_event(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """The record comes on top: the payload at hand is read whatever happens there."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a format we do not know")

    monkeypatch.setattr(codemem_claude.events.Claude, "missed", broken)
    stop = {"hook_event_name": "Stop", "session_id": "s1", "last_assistant_message": "Done."}

    (event,) = intake().read(Parcel(source="claude", payload=stop), store)

    assert event.common["text"] == "Done."
