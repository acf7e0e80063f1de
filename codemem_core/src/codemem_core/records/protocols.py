"""What the target of each record must be.

A target is called with the `Settings` and gives an object of the protocol below. Objects live as
long as the process that made them. Unless said otherwise they are called from worker threads, one
call at a time, never from an event loop.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from codemem_core.records.event import AdapterEvent, FlushDecision, StreamState
from codemem_core.records.evidence import Evidence

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EventContext:
    """What the transport knows beside the payload; every field may be missing."""

    stream_id: str | None = None
    event_type: str | None = None
    event_id: str | None = None
    """What the host's side calls it, if that can be an adapter event's id."""
    ts_ms: int | None = None
    cwd: str | None = None
    project: str | None = None


class Source(Protocol):
    """Understands one host's events."""

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Return the event in its common form, or None when it says nothing worth keeping.

        Pure and quick (it runs inside hooks and requests): no I/O but a bounded look at files the
        payload names. The same payload gives the same `event_id`. Raise `InputError` for a payload
        that is no payload of this host.
        """
        ...


@runtime_checkable
class HistorySource(Protocol):
    """A source that can also read what its host stored before codemem was installed."""

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield the events of stored sessions that changed since `since_ms`, session by session.

        The same event has the same id each time. Read as a stream: it may be gigabytes.
        """
        ...


@runtime_checkable
class AuditedHistory(HistorySource, Protocol):
    """A source that counts what it could not read of its history."""

    unread: Mapping[str, int]
    """Lines and files of the last `history()` that could not be used, by reason."""


@runtime_checkable
class SessionFiles(Protocol):
    """A source that can read a session from a file its host wrote, wherever that lies."""

    def session(self, path: Path) -> Iterator[AdapterEvent]:
        """Yield the events of one stored session, with the ids that `history` gives them.

        Nothing for a file of another host. Raises `OSError` when the file cannot be read.
        """
        ...


@runtime_checkable
class RecordedSource(Protocol):
    """A source whose host keeps a record of its own, which knows what no event told."""

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield payloads, oldest first, of what happened and was never sent.

        Called in the server for every payload it takes, so answer at once to those after which
        nothing can be missing. `seen` are the tool uses stored of this session (`tool_use_id` in
        the events' `meta`). Read a bounded part of the record; the same thing gives the same event
        id each time.
        """
        ...


@runtime_checkable
class CompletingSource(Protocol):
    """A source that can fill in fields which an earlier version of it did not store."""

    def complete(self, event: AdapterEvent) -> AdapterEvent:
        """Return the event with the fields that `normalize` gives today.

        Pure and quick; an event that has them is returned as it is. The id stays the same.
        """
        ...


class Policy(Protocol):
    """Decides when a stream is due; it decides, the flusher acts."""

    def due(self, state: StreamState, *, now_ms: int) -> FlushDecision:
        """Say whether the stream should be flushed now.

        Pure: the same state and time give the same answer. Called after each accepted request, on
        every sweep and when `check_again_ms` is over, so it must be quick. `now_ms` is epoch
        milliseconds of this machine; its clock may have been put back since an event arrived.
        """
        ...


@runtime_checkable
class BoundedPolicy(Policy, Protocol):
    """A policy that takes on so many streams at a time, longest-quiet first."""

    at_most: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A token for the observer; it never shows itself."""

    token: str = field(repr=False)
    type: str = "bearer"
    source: str = "explicit"
    """Which auth source found it."""
    account: str = ""
    """The account the token belongs to, where a provider asks for it."""

    def __str__(self) -> str:
        """Hide the token."""
        return f"credential from {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthRequest:
    """What a credential is wanted for."""

    provider: str
    """`openai`, `anthropic`, or the user's own provider key."""
    fresh: bool = False
    """The last one was refused: do not answer from memory."""


class TokenSource(Protocol):
    """Finds a credential in one kind of place."""

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the credential, or None when this place holds none.

        May read a file or run a short command; must end within `observer_auth_timeout_ms`. Caching
        is the core's business.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveRequest:
    """One question to an observer."""

    evidence: Evidence
    instructions: str
    """The fixed part: role and reply format."""
    prompt: str
    """The evidence as text, fenced and bounded by `observer_max_chars`."""
    model: str | None = None
    max_tokens: int | None = None
    """The longest answer, in tokens; None: `observer_max_tokens`. A runtime may know no limit."""
    credential: Credential | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The user's header templates, filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverReply:
    """An observer's answer."""

    text: str
    """Observations and summary, in XML or JSON: docs/reply.md."""
    model: str | None = None
    """Which model really answered."""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    """How many of `tokens_in` the provider had in its cache."""
    cost_usd: float | None = None
    """What it cost, when the runtime is told; else the price table says."""
    cut_off: bool = False
    """The answer ended because it reached its limit of tokens; its text may be empty."""
    address: str = ""
    """Where it was asked, without any secret; empty when there is no address."""


class Observer(Protocol):
    """Turns evidence into an answer of the form that docs/reply.md describes."""

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Return the answer.

        Raises `AuthError`, `RateLimited`, `TransientError`, `PermanentError` or, for evidence that
        is too long for the model, `ContextTooLong`; nothing else. Must end by itself: every wait
        inside has a limit. May be called from several threads.
        """
        ...


@runtime_checkable
class ModelNamer(Protocol):
    """An observer that knows, before it asks, which model will answer."""

    def model_for(self, request: ObserveRequest) -> str:
        """Return the model's name; raises what `observe` raises when the settings lack one."""
        ...


class TextEmbedder(Protocol):
    """Turns text into vectors."""

    @property
    def model(self) -> str:
        """Name and revision of the model; vectors of another one are made anew."""
        ...

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return one vector for each text, in order, all of one dimension.

        `query`: the text is a question, which some models want to be told. Raises `NotFound` when
        the model is not there, `TransientError` or `PermanentError` when it does not answer.
        """
        ...


@runtime_checkable
class Installable(Protocol):
    """An embedder that can fetch its model, when a person asks for it."""

    def install(self) -> Iterator[str]:
        """Download and check it, yielding a line a step; raises `CodememError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that has to be so."""

    name: str = ""
    """What was looked at, in a word; empty: what the plugin is called."""
    ok: bool
    text: str
    """What is so, or what is not."""
    hint: str = ""
    """How to mend it."""


class Installer(Protocol):
    """Installs codemem into one agent, and takes it out again.

    Called by a person's command, in its thread. `apply` and `remove` may be repeated; they keep a
    copy of a file of the user's before they change it, and raise `CodememError` when they cannot.
    """

    def found(self) -> bool:
        """Say whether the agent is on this machine."""
        ...

    def changes(self) -> list[str]:
        """Return what `apply` would do, a sentence each; nothing when all is in place."""
        ...

    def apply(self) -> None:
        """Do it."""
        ...

    def remove(self) -> list[str]:
        """Take out what `apply` put in; return what was done, a sentence each."""
        ...

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session of the agent needs; changes nothing."""
        ...
