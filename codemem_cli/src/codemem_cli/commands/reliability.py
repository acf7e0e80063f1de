"""The reliability gate: whether the queue keeps its promises on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.errors import CodememError
from codemem_core.store.reliability import reliability

_RATE = click.FloatRange(0, 1)
_COUNT = click.IntRange(0)


@click.command("raw-events-gate")
@click.option("--min-flush-success-rate", default=0.99, show_default=True, type=_RATE)
@click.option("--max-dropped-event-rate", default=0.05, show_default=True, type=_RATE)
@click.option("--min-session-boundary-accuracy", default=0.99, show_default=True, type=_RATE)
@click.option("--max-retry-depth", default=3, show_default=True, type=_COUNT)
@click.option("--min-events", default=1, show_default=True, type=_COUNT)
@click.option("--min-batches", default=1, show_default=True, type=_COUNT)
@click.option("--min-sessions", default=1, show_default=True, type=_COUNT)
@click.option("--window-hours", default=24.0, show_default=True, type=click.FloatRange(0.001))
@db_option
@json_option
@pass_host
def gate(
    host: Host, /, db_path: str | None, window_hours: float, as_json: bool, **limits: float
) -> None:
    """Print reliability figures and fail when they are outside the limits.

    Example: codemem queue gate --window-hours 168 --min-batches 0
    """
    since_ms = int(time.time() * 1000 - window_hours * 3_600_000)
    with host.store(db_path) as store, store.read() as db:
        figures = _figures(reliability(db, since_ms=since_ms, window_hours=window_hours))
    violations = list(_violations(figures, limits))
    if as_json:
        say_json({**figures, "window_hours": window_hours, "violations": violations})
    else:
        shown = ", ".join(f"{name}={_written(value)}" for name, value in figures.items())
        say(f"reliability gate: {shown}, window_hours={window_hours:.2f}")
        say(f"reliability gate {'failed' if violations else 'passed'}")
        for violation in violations:
            say(f"- {violation}")
    if violations:
        raise CodememError(f"{len(violations)} limits of the reliability gate are broken")


def _figures(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what the gate looks at, under the names and in the order it prints."""
    rates, counts = found["rates"], found["counts"]
    return {
        "flush_success_rate": rates["flush_success_rate"],
        "dropped_event_rate": rates["dropped_event_rate"],
        "session_boundary_accuracy": rates["session_boundary_accuracy"],
        "retry_depth_max": found["retry_depth_max"],
        "eligible_events": counts["inserted_events"] + counts["dropped_events"],
        "terminal_batches": counts["terminal_batches"],
        "sessions_with_events": counts["sessions_with_events"],
    }


_LEAST = {
    "min_flush_success_rate": "flush_success_rate",
    "min_session_boundary_accuracy": "session_boundary_accuracy",
    "min_events": "eligible_events",
    "min_batches": "terminal_batches",
    "min_sessions": "sessions_with_events",
}
_MOST = {"max_dropped_event_rate": "dropped_event_rate", "max_retry_depth": "retry_depth_max"}


def _violations(figures: Mapping[str, float], limits: Mapping[str, float]) -> Iterator[str]:
    for option, name in _LEAST.items():
        if figures[name] < limits[option]:
            yield f"{name} {_written(figures[name])} is below {_written(limits[option])}"
    for option, name in _MOST.items():
        if figures[name] > limits[option]:
            yield f"{name} {_written(figures[name])} is above {_written(limits[option])}"


def _written(value: float) -> str:
    """Write rates with four digits and counts with none."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
