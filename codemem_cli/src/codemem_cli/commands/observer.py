"""Try the observer."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import click

from codemem_core.commands.host import (
    Group,
    Host,
    db_option,
    json_option,
    observer_options,
    pass_host,
)
from codemem_core.commands.output import say, say_json
from codemem_core.observers.budget import Purse
from codemem_core.observers.observe import Observed, Observing
from codemem_core.records.evidence import Evidence, Message, Prompt, ToolCall

# Short, harmless, and with something to find.
_EVIDENCE = Evidence(
    source="codemem",
    stream_id="observer-test",
    project="demo",
    items=(
        Prompt(text="Why does test_total fail since yesterday?", number=1, seq=1),
        ToolCall(
            kind="run",
            name="bash",
            command="pytest -q test_total.py",
            input={"command": "pytest -q test_total.py"},
            error="assert 10.01 == 10.00",
            seq=2,
        ),
        Message(
            text="test_total failed because total() rounded each line; it rounds the sum now.",
            final=True,
            seq=3,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What one call was like."""

    runtime: str
    model: str | None
    auth_source: str
    latency_s: float
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    observations: int
    summary: bool
    address: str


@click.group(cls=Group)
def observer() -> None:
    """Try the observer that is configured."""


@observer.command()
@observer_options
@db_option
@json_option
@pass_host
def test(
    host: Host, runtime: str | None, model: str | None, db_path: str | None, as_json: bool
) -> None:
    """Ask the observer once and report the result; the cost is counted.

    Example: codemem dev observer test --runtime claude_sidecar
    """
    asked = host.with_observer(runtime, model)
    with host.store(db_path) as store:
        observing = Observing(asked.plugins, asked.settings, purse=Purse(store, asked.settings))
        started = time.monotonic()
        observed = observing.observe(_EVIDENCE, may_fall_back=False)
        trial = _trial(observed, time.monotonic() - started)
    if as_json:
        say_json(asdict(trial))
        return
    for name, value in asdict(trial).items():
        if name == "address" and not value:
            continue
        say(f"{name.replace('_', ' ')}: {value}")


def _trial(observed: Observed, latency_s: float) -> _Trial:
    reply = observed.reply
    return _Trial(
        runtime=observed.runtime,
        model=reply.model,
        auth_source=observed.auth,
        latency_s=round(latency_s, 3),
        tokens_in=reply.tokens_in,
        tokens_cached=reply.tokens_cached,
        tokens_out=reply.tokens_out,
        observations=len(observed.extraction.observations),
        summary=observed.extraction.summary is not None,
        address=reply.address,
    )
