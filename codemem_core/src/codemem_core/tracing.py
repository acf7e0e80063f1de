"""Spans of what becomes of events and memories, for OpenTelemetry.

Nothing is imported, measured or sent until a server turns it on (`turn_on`). The attributes follow
OpenTelemetry's conventions for generative AI: numbers, names and ids, never what anybody wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

Value = str | int | float | bool


class Span:
    """A span that goes on; without a tracer it does nothing."""

    def __init__(self, real: Any = None) -> None:  # noqa: ANN401 - the API's, which may not be there
        self._real = real

    def set(self, **attributes: Value) -> None:
        """Add attributes: `a__b` is called `a.b`."""
        for name, value in attributes.items() if self._real else ():
            self._real.set_attribute(_dotted(name), value)


class _Tracing:
    tracer: Tracer | None = None


def turn_on(tracer: Tracer | None) -> None:
    """Make spans with this tracer from now on; none with None."""
    _Tracing.tracer = tracer


@contextmanager
def span(
    name: str, *, stream: tuple[str, str] | None = None, **attributes: Value
) -> Iterator[Span]:
    """Measure the block as a span.

    All spans of a `stream` (source, stream id) are one trace; one without belongs to the span
    around it. Attributes `a__b` are called `a.b`.
    """
    if _Tracing.tracer is None:
        yield Span()
        return
    told = {_dotted(name): value for name, value in attributes.items()}
    if stream:
        told |= {"gen_ai.conversation.id": stream[1], "codemem.source": stream[0]}
    context = _trace_of(stream) if stream else None
    with _Tracing.tracer.start_as_current_span(name, context, attributes=told) as real:
        yield Span(real)


def past(
    name: str, *, stream: tuple[str, str], began_ms: float, ended_ms: float, **attributes: Value
) -> None:
    """Tell of something that is over, such as a hook's run; times are epoch milliseconds."""
    if _Tracing.tracer is None:
        return
    told = {_dotted(name): value for name, value in attributes.items()}
    told |= {"gen_ai.conversation.id": stream[1], "codemem.source": stream[0]}
    real = _Tracing.tracer.start_span(
        name, _trace_of(stream), attributes=told, start_time=int(began_ms * 1_000_000)
    )
    real.end(int(ended_ms * 1_000_000))


def _dotted(name: str) -> str:
    return name.replace("__", ".")


def _trace_of(stream: tuple[str, str]) -> Context:
    """Return the context of a session's trace, the same in every process."""
    from opentelemetry import trace  # noqa: PLC0415 - optional; there is a tracer, so it is there

    mixed = hashlib.sha256("\0".join(stream).encode()).digest()
    parent = trace.SpanContext(
        trace_id=int.from_bytes(mixed[:16]),
        span_id=int.from_bytes(mixed[16:24]),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
