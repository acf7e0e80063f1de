"""Spans: one trace a session, numbers and names only, and nothing without a tracer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stories import made_session, stories

from codemem_core import tracing
from codemem_core.api import Intake
from codemem_core.commands.host import Host
from codemem_core.errors import SettingsError
from codemem_eval.sessions.product import Codemem
from codemem_viewer.telemetry import check_endpoint

STREAM = ("claude", "s-1")


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Turn tracing on and keep the spans."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.turn_on(provider.get_tracer("test"))
    yield exporter
    tracing.turn_on(None)


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """Return the finished spans by name."""
    return {span.name: span for span in spans.get_finished_spans()}


def test_all_of_a_session_is_one_trace(spans: InMemorySpanExporter) -> None:
    """Whichever process tells of it."""
    with tracing.span("one", stream=STREAM, codemem__events=2), tracing.span("inside"):
        pass
    tracing.past("hook", stream=STREAM, began_ms=1000, ended_ms=1020)

    found = named(spans)
    one, inside, hook = found["one"], found["inside"], found["hook"]
    assert {span.context.trace_id for span in (one, inside, hook)} == {one.context.trace_id}
    assert inside.parent is not None
    assert inside.parent.span_id == one.context.span_id
    assert dict(one.attributes or {}) == {
        "codemem.events": 2,
        "gen_ai.conversation.id": "s-1",
        "codemem.source": "claude",
    }
    assert (hook.end_time or 0) - (hook.start_time or 0) == 20_000_000


def test_a_session_is_traced_from_hook_to_memory(
    spans: InMemorySpanExporter, tmp_path: Path
) -> None:
    """No attribute holds what anybody wrote."""
    story = stories()[0]
    session = made_session(Intake(Host().plugins), "ferry", 1, story.sessions[0])
    real = Codemem(tmp_path, [session])
    real.ask(session, 1)
    real.end(session)
    real.close()

    found = named(spans)
    assert {"codemem.hook", "codemem.flush", "chat", "update_memory"} <= set(found)
    values = [str(v) for span in found.values() for v in (span.attributes or {}).values()]
    assert not [value for value in values if "tide" in value]


def test_nothing_happens_without_a_tracer() -> None:
    """The usual case."""
    with tracing.span("one", stream=STREAM) as span:
        span.set(codemem__events=1)
    tracing.past("hook", stream=STREAM, began_ms=0, ended_ms=1)


@pytest.mark.parametrize("endpoint", ["https://collector.example", "http://10.0.0.7:4318", "x"])
def test_spans_stay_on_this_machine(endpoint: str) -> None:
    """A collector elsewhere is refused."""
    with pytest.raises(SettingsError, match="this machine only"):
        check_endpoint(endpoint)


def test_a_collector_on_this_machine_is_taken() -> None:
    """By name or by number."""
    for endpoint in ("http://127.0.0.1:4318", "http://localhost:4318", "http://[::1]:4318"):
        check_endpoint(endpoint)
