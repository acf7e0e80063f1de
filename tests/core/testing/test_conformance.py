"""The conformance kit: each rule turns red on something that breaks it."""

from __future__ import annotations

import copy
import itertools
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import click
import pytest
from litestar import get, route
from litestar.exceptions import LitestarException

from codemem_core.errors import TransientError
from codemem_core.records import seams
from codemem_core.records.event import AdapterEvent, FlushDecision, StreamState
from codemem_core.records.protocols import AuthRequest, Credential, ObserveRequest, ObserverReply
from codemem_core.records.seams import SeamRecord
from codemem_core.testing import ScriptedObserver, Subject, conforms, rules_of

SAMPLES = ({"id": "sample-1", "text": "hello"}, {"id": "sample-2", "text": "bye"})
ANSWER = '{"observations": [], "summary": null}'
numbers = itertools.count(1)


def record(seam: str, target: Any, **more: Any) -> SeamRecord:
    """Make a record whose target is this very object."""
    module = ModuleType(f"conformance_subject_{next(numbers)}")
    module.__dict__["target"] = target
    sys.modules[module.__name__] = module
    kind: type[SeamRecord] = getattr(seams, seam)
    return kind(name="mine", target=f"{module.__name__}:target", help="Mine.", **more)


class GoodSource:
    """An ingest source that keeps every rule."""

    def normalize(self, payload: Mapping[str, Any], **_: Any) -> AdapterEvent | None:
        """Take payloads with an id and a text."""
        name, text = payload.get("id"), payload.get("text")
        if not isinstance(name, str) or not name.startswith("sample-") or not isinstance(text, str):
            return None
        return self.event(name, text)

    def event(self, name: str, text: str) -> AdapterEvent:
        """Make the event."""
        return AdapterEvent(
            source="mine",
            session_id="s",
            event_id=f"mine-{name[:40]}".replace(" ", "_"),
            event_type="prompt",
            ts="2026-11-22T08:00:00Z",
            payload={"text": text},
        )


class Blind(GoodSource):
    """Understands nothing."""

    def normalize(self, payload: Mapping[str, Any], **_: Any) -> AdapterEvent | None:
        """Say nothing of anything."""
        return None


class Impostor(GoodSource):
    """Speaks under another host's name."""

    def event(self, name: str, text: str) -> AdapterEvent:
        """Claim to be Claude Code."""
        good = super().event(name, text)
        return AdapterEvent.from_json({**good.to_json(), "source": "claude"})


class Forgetful(GoodSource):
    """Numbers events anew each time."""

    def event(self, name: str, text: str) -> AdapterEvent:
        """Give another id."""
        return super().event(f"{name}-{next(numbers)}", text)


class Merging(GoodSource):
    """Gives every event the same id."""

    def event(self, name: str, text: str) -> AdapterEvent:
        """Forget the name."""
        return super().event("sample-0", text)


class Vague(GoodSource):
    """Passes a tool's result on without its kind."""

    def event(self, name: str, text: str) -> AdapterEvent:
        """Make the result of a tool."""
        good = super().event(name, text).to_json()
        body = {"tool_name": "Poke", "status": "ok", "tool_input": {}, "tool_output": text}
        return AdapterEvent.from_json({**good, "event_type": "tool_result", "payload": body})


class Greedy(GoodSource):
    """Eats the payload."""

    def normalize(self, payload: Mapping[str, Any], **context: Any) -> AdapterEvent | None:
        """Take a field out."""
        event = super().normalize(payload, **context)
        payload.pop("text", None)  # type: ignore[attr-defined]
        return event


class Brittle(GoodSource):
    """Trusts the host."""

    def normalize(self, payload: Mapping[str, Any], **_: Any) -> AdapterEvent | None:
        """Take what is there for granted."""
        return self.event(payload["id"], payload["text"].strip())


class Observer:
    """An observer runtime made of a function."""

    def __init__(self, observe: Any) -> None:
        self.observe = observe


def crash(_: ObserveRequest) -> ObserverReply:
    """Raise what no seam knows."""
    raise KeyError("choices")


def leak(request: ObserveRequest) -> ObserverReply:
    """Write the token into the log."""
    assert request.credential
    logging.getLogger("mine").warning("asked with %s", request.credential.token)
    raise TransientError("no answer")


def sleep(_: ObserveRequest) -> ObserverReply:
    """Take too long."""
    time.sleep(3)
    return ObserverReply(text=ANSWER)


def crash_the_second_time() -> Any:
    """Return an observer that works once."""
    calls = itertools.count()

    def observe(_: ObserveRequest) -> ObserverReply:
        if next(calls):
            raise RuntimeError("not from two threads")
        return ObserverReply(text=ANSWER)

    return observe


def observing(function: Any) -> SeamRecord:
    """Make a runtime's record."""
    return record("ObserverRuntime", lambda _: Observer(function), needs_credential=False)


class Keys:
    """An auth source made of a function."""

    def __init__(self, resolve: Any) -> None:
        self.resolve = resolve


def keys(function: Any) -> SeamRecord:
    """Make an auth source's record."""
    return record("AuthSource", lambda _: Keys(function))


class OpenCredential(Credential):
    """A credential that shows itself."""

    def __str__(self) -> str:
        """Show the token."""
        return self.token


def refuse_fresh(request: AuthRequest) -> Credential | str:
    """Give nonsense when asked to look again."""
    return "no" if request.fresh else Credential("abc")


class Policy:
    """A flush policy made of a function of quiet milliseconds."""

    def __init__(self, decide: Any) -> None:
        self._decide = decide

    def due(self, state: StreamState, *, now_ms: int) -> Any:
        """Ask the function."""
        return self._decide(now_ms - state.last_received_ms)


def policy(decide: Any) -> SeamRecord:
    """Make a flush policy's record."""
    return record("FlushPolicy", lambda _: Policy(decide))


def afraid_of_the_past(quiet_ms: int) -> FlushDecision:
    """Fail when the clock went back."""
    if quiet_ms < 0:
        raise ValueError("time runs forward")
    return FlushDecision(True)


class Embedder:
    """An embedder made of a function of one text."""

    def __init__(self, vector: Any, *, pad: bool = False) -> None:
        self._vector = vector
        self._pad = pad

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Give a vector a text."""
        shift = float(len(texts)) if self._pad else 0.0
        return [[number + shift for number in self._vector(text)] for text in texts]


def embedder(vector: Any, *, pad: bool = False) -> SeamRecord:
    """Make an embedder's record."""
    return record("Embedder", lambda _: Embedder(vector, pad=pad), dimension=2)


class TooMany(Embedder):
    """Gives a vector nobody asked for."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Give one more."""
        return [[1.0, 2.0]] * (len(texts) + 1)


@click.command()
def good() -> None:
    """Do nothing."""


@click.command()
def silent() -> None:  # noqa: D103
    pass


@click.command(add_help_option=False)
@click.option("--help", is_flag=True)
def unhelpful(help: bool) -> None:
    """Delete everything when asked for help."""
    raise SystemExit(3 if help else 0)


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def lenient() -> None:
    """Take anything."""


def look() -> str:
    """Answer."""
    return "hello"


@route("/x", http_method=["GET", "POST"], sync_to_thread=True)
def either() -> str:
    """Answer to everything."""
    return "done"


class NoRoute:
    """Has a path and nothing else."""

    path = "/mine"


source = lambda made: record("IngestSource", lambda _: made)  # noqa: E731
GOOD = {
    "IngestSource": source(GoodSource()),
    "ObserverRuntime": observing(ScriptedObserver(ANSWER).observe),
    "AuthSource": keys(lambda _: Credential("abc")),
    "FlushPolicy": policy(lambda quiet_ms: FlushDecision(quiet_ms >= 60_000)),
    "Embedder": embedder(lambda text: [float(len(text)), 1.0]),
    "Command": record("Command", good),
    "Route": record("Route", get("/api/mine", sync_to_thread=True)(look)),
}
BAD = {
    "understands_its_samples": source(Blind()),
    "gives_valid_events": source(Impostor()),
    "gives_the_same_id_again": source(Forgetful()),
    "tells_events_apart": source(Merging()),
    "says_what_tools_did": source(Vague()),
    "leaves_the_payload_alone": source(Greedy()),
    "survives_any_payload": source(Brittle()),
    "answers_or_says_why_not": observing(crash),
    "answers_in_a_form_we_know": observing(lambda _: ObserverReply(text="Certainly!")),
    "counts_its_tokens": observing(lambda _: ObserverReply(text=ANSWER, tokens_in=-1)),
    "keeps_the_token_to_itself": observing(leak),
    "ends_by_itself": observing(sleep),
    "works_in_two_threads": observing(crash_the_second_time()),
    "finds_a_credential_or_none": keys(lambda _: "abc"),
    "gives_a_token_fit_for_a_header": keys(lambda _: Credential("abc\n")),
    "hides_the_token": keys(lambda _: OpenCredential("abc")),
    "answers_in_time": keys(lambda _: time.sleep(1.3)),
    "looks_again_when_asked": keys(refuse_fresh),
    "decides": policy(lambda _: True),
    "decides_the_same_again": policy(lambda _: FlushDecision(True, str(next(numbers)))),
    "never_takes_it_back": policy(lambda quiet_ms: FlushDecision(quiet_ms == 60_000)),
    "bears_a_clock_that_jumps": policy(afraid_of_the_past),
    "has_the_dimension_it_says": embedder(lambda _: [1.0]),
    "gives_one_vector_a_text": record("Embedder", lambda _: TooMany(None), dimension=2),
    "gives_the_same_again": embedder(lambda _: [float(next(numbers)), 1.0]),
    "a_batch_equals_single_calls": embedder(lambda _: [1.0, 2.0], pad=True),
    "is_a_click_command": record("Command", print),
    "explains_itself": record("Command", silent),
    "shows_help_without_doing_anything": record("Command", unhelpful),
    "refuses_unknown_options": record("Command", lenient),
    "keeps_its_name": seams.Command(name="stats", target="click:Command", help="Mine."),
    "changes_nothing_when_looked_at": record("Route", either),
    "is_a_router_or_a_handler": record("Route", object()),
    "fits_into_an_application": record("Route", NoRoute()),
}
RAISED: dict[str, Any] = {
    # What the target itself raises says more than any sentence of ours.
    "survives_any_payload": (KeyError, AttributeError, ExceptionGroup),
    "works_in_two_threads": AssertionError,
    "bears_a_clock_that_jumps": ValueError,
    "fits_into_an_application": LitestarException,
}
RULES = {rule.__name__: rule for each in {**GOOD, **BAD}.values() for rule in rules_of(each)}


def subject(of: SeamRecord) -> Subject:
    """Look at a record with the samples and little patience."""
    environ = {"CODEMEM_OBSERVER_AUTH_TIMEOUT_MS": "200"}
    return Subject(record=of, samples=copy.deepcopy(SAMPLES), within_s=1.0, environ=environ)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_turns_red(rule: str) -> None:
    """On a target that breaks this very rule."""
    with pytest.raises(RAISED.get(rule, AssertionError)):
        RULES[rule](subject(BAD[rule]))


@pytest.mark.parametrize(
    ("seam", "rule"),
    [
        pytest.param(seam, rule.__name__, id=f"{seam}-{rule.__name__}")
        for seam, good_one in GOOD.items()
        for rule in rules_of(good_one)
    ],
)
def test_each_rule_lets_a_good_one_pass(seam: str, rule: str) -> None:
    """Also one that does no more than it has to."""
    RULES[rule](subject(GOOD[seam]))


test_a_source_in_three_lines = conforms(GOOD["IngestSource"], samples=SAMPLES)
