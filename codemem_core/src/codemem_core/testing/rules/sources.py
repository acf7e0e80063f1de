"""Rules for ingest sources."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemem_core.errors import InputError
from codemem_core.records.event import AdapterEvent
from codemem_core.records.evidence import TOOL_KINDS
from codemem_core.testing.conformance import Rule, Subject

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def understands_its_samples(subject: Subject) -> None:
    """A source without a sample it understands shows nothing."""
    assert subject.samples, "give `samples=`: payloads the host really sends"
    events = [_normalized(subject, sample) for sample in subject.samples]
    assert any(events), "none of the samples gives an event"


def gives_valid_events(subject: Subject) -> None:
    """What it gives passes the schema after a trip through JSON, under its own name."""
    for sample in subject.samples:
        event = _normalized(subject, sample)
        if event is not None:
            again = AdapterEvent.from_json(json.loads(json.dumps(event.to_json())))
            assert again.source == subject.record.name, f"the event says source `{again.source}`"


def gives_the_same_id_again(subject: Subject) -> None:
    """A delivery is repeated when an answer is lost; the id is how we notice."""
    for sample in subject.samples:
        first, again = _normalized(subject, sample), _normalized(subject, copy.deepcopy(sample))
        assert (first and first.event_id) == (again and again.event_id), "the id changed"


def tells_events_apart(subject: Subject) -> None:
    """Two different events with one id would become one."""
    events = [_normalized(subject, sample) for sample in subject.samples]
    ids = {event.event_id: json.dumps(event.to_json(), default=str) for event in events if event}
    for event in filter(None, events):
        same = json.dumps(event.to_json(), default=str)
        assert ids[event.event_id] == same, f"two events have the id `{event.event_id}`"


def says_what_tools_did(subject: Subject) -> None:
    """Edited files, origins and feedback come from the typed fields, whatever a tool is called."""
    for sample in subject.samples:
        event = _normalized(subject, sample)
        if event is None or event.event_type != "tool_result":
            continue
        body, name = event.payload, event.payload["tool_name"]
        assert body.get("kind") in TOOL_KINDS, f"`{name}` has no `kind` of `TOOL_KINDS`"
        if body["status"] == "error":
            assert body.get("error"), f"`{name}` failed and does not say why: `error`"
        elif body["kind"] == "edit":
            assert body.get("files_changed"), f"`{name}` does not say which `files_changed`"


def leaves_the_payload_alone(subject: Subject) -> None:
    """Others read it afterwards."""
    for sample in subject.samples:
        before = copy.deepcopy(sample)
        _normalized(subject, sample)
        assert sample == before, "normalizing changed the payload"


def survives_any_payload(subject: Subject) -> None:
    """Hosts change; a payload it does not know gives None or `InputError`."""
    source = subject.make()
    fields = sorted({name for sample in subject.samples for name in sample})
    payloads = st.dictionaries(st.sampled_from(fields or ["x"]) | st.text(max_size=8), _json)

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(payloads, st.sampled_from(list(subject.samples) or [{}]))
    def fuzz(odd: Mapping[str, Any], sample: Mapping[str, Any]) -> None:
        for payload in (odd, {**sample, **odd}):
            try:
                event = source.normalize(payload, context=subject.context)
            except InputError:
                continue
            assert event is None or isinstance(event, AdapterEvent), f"it gave `{event!r:.80}`"

    fuzz()


def _normalized(subject: Subject, sample: Mapping[str, Any]) -> AdapterEvent | None:
    event = subject.make().normalize(sample, context=subject.context)
    assert event is None or isinstance(event, AdapterEvent), f"no adapter event: `{event!r:.80}`"
    return event


RULES: tuple[Rule, ...] = (
    understands_its_samples,
    gives_valid_events,
    gives_the_same_id_again,
    tells_events_apart,
    says_what_tools_did,
    leaves_the_payload_alone,
    survives_any_payload,
)
