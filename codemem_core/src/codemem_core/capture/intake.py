"""What a host sent becomes events fit to be stored: normalised, redacted, bounded, labelled.

The server's routes, the hooks' fall-back, the spool and the commands all call `Intake.read`, so the
same payload gives the same row whichever way it came.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codemem_core.capture import delivery
from codemem_core.capture.binary import has_binary
from codemem_core.capture.completion import completed
from codemem_core.capture.delivery import (
    SESSION_KEYS,
    Delivery,
    Naming,
    Parcel,
    checked_mapping,
    mapping,
    storable,
)
from codemem_core.capture.transcript_gaps import ends_a_turn, seen_tool_uses
from codemem_core.distil.provenance.origins import origin_of
from codemem_core.errors import InputError, NotFound, PluginError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import (
    ADAPTER,
    EVENT_ID,
    IMPORTED,
    AdapterEvent,
    RawEvent,
    iso_time,
    json_text,
    split_payload,
)
from codemem_core.records.protocols import EventContext, RecordedSource
from codemem_core.records.seams import IngestSource
from codemem_core.redact import Shortcut, is_plain, redact, strip_private
from codemem_core.redact.clean import MOST_HITS, clean_id
from codemem_core.store.engine.store import Store

_GOES_ON = frozenset({"resume", "compact"})
"""Sources of a session start that continue the same session."""
_ID_KEYS = ("event_id", "tool_use_id")
_LONG = (str, dict)
_LABEL_S, _LABELS = 5.0, 256
"""How long the label of a place holds before it is asked for again, and of how many places."""
_DAY_MS = 86_400_000
"""How far from its receipt an event's time may lie; what lies beyond comes from a wrong clock."""
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Intake:
    """Turns parcels into `RawEvent` records, whichever way they came in."""

    def __init__(
        self,
        plugins: Plugins,
        *,
        encode: Callable[[object], str] = json_text,
        plain: Callable[[str], bool] | None = None,
    ) -> None:
        """Take what is quicker than the standard library at writing JSON and at `is_plain`."""
        self._plugins = plugins
        self._encode = encode
        self._plain = plain or is_plain
        self._quick = plain
        self.naming = _naming(plugins.ingest_sources().values())
        self._labels: dict[tuple[str | None, str | None], tuple[float, str | None]] = {}

    def read(self, parcel: Parcel, store: Store) -> list[RawEvent]:
        """Return the events of a parcel, with what the host's own record says beside them."""
        return self.with_gaps(parcel, self.parse(parcel), store)

    def parse(self, parcel: Parcel) -> list[RawEvent]:
        """Return the events of a parcel, checked, normalised and redacted.

        Everything is checked before anything is returned; raises `InputError`. Empty when it holds
        nothing worth keeping.
        """
        if parcel.source is not None:
            event = self.hook(
                parcel.source, parcel.payload, received_ms=parcel.received_ms, past=parcel.past
            )
            return [] if event is None else [event]
        return self.raw_events(
            parcel.payload,
            text=parcel.text,
            require_id=parcel.require_id,
            received_ms=parcel.received_ms,
        )

    def with_gaps(self, parcel: Parcel, found: Sequence[RawEvent], store: Store) -> list[RawEvent]:
        """Return the events, each after what the host's own record says and no hook sent.

        So the end of a session stays its last event, which is what makes it due.
        """
        whole: list[RawEvent] = []
        for event in found:
            payload = event.payload if parcel.source is None else mapping(parcel.payload)
            whole += [*self._gaps(event, payload, store), event]
        return whole

    def may_have_gaps(self, event: RawEvent) -> bool:
        """Say whether a host's own record is to be looked at after an event."""
        return ends_a_turn(event) and self._is_recorded(event.source)

    def raw_events(
        self,
        body: object,
        *,
        text: str = "",
        require_id: bool = False,
        received_ms: int | None = None,
    ) -> list[RawEvent]:
        """Read one raw event, or `{"events": [...], ...}` with fields that hold for all of them.

        `text` is the JSON that `body` was read from, where there is one: plain as a whole, no event
        of it needs a look of its own. Raises `InputError` with what is wrong.
        """
        shared, listed = delivery.read_request(body, self.naming)
        # `\\/` hides a slash, as `\\u` hides any character.
        plain = bool(text) and "\\/" not in text and self._is_plain_text(text)
        found = [self._raw_event(each, shared, plain, require_id=require_id) for each in listed]
        return [self._in_time(event, received_ms) for event in found]

    def hook(
        self,
        source: str,
        payload: object,
        *,
        received_ms: int | None = None,
        past: bool = False,
    ) -> RawEvent | None:
        """Read one hook payload of `source`; None when it holds nothing worth keeping.

        Raises `InputError` when it is no payload of that host.
        """
        raw = self._read_hook(source, payload)
        return None if raw is None else self._in_time(raw, received_ms, past=past)

    def imported(self, event: AdapterEvent) -> RawEvent:
        """Return an event that the host stored before codemem knew it, redacted and labelled."""
        given = storable(event.to_json())
        shortcut = self._shortcut()
        clean = self._public(given, shortcut)
        event = AdapterEvent.from_json(clean)
        whole = self._redacted(event, shortcut, already=clean != given)
        # The folder may be gone by now; its name still tells the project.
        project = self._plugins.project(whole.cwd, {"project": whole.project or whole.cwd})
        raw = _raw_of(whole, event_type=IMPORTED.format(event.source), project=project)
        return self._in_time(raw, None, past=True)

    def adopted(self, body: object) -> RawEvent:
        """Read a raw event of an older database, whose times lie in the past."""
        shared, listed = delivery.read_request(body, self.naming)
        event = self._raw_event(listed[0], shared, False, require_id=False)
        return self._in_time(event, None, past=True)

    def _gaps(
        self, event: RawEvent, payload: Mapping[str, Any], store: Store
    ) -> Iterator[RawEvent]:
        """Yield what the host's own record says and no hook sent; mostly nothing."""
        if not self.may_have_gaps(event):
            return
        try:
            seen = seen_tool_uses(store, event)
            missed = self._plugins.missed(event.source, payload, seen=seen)
        except (InputError, PluginError):
            return  # what the record says comes on top: the event that is at hand is kept
        for told in missed:
            try:
                found = self._read_hook(event.source, told)
            except (InputError, PluginError):
                continue  # one odd line of a file must not cost the event that is at hand
            if found is not None:
                yield self._in_time(found, None, past=True)

    def _is_recorded(self, source: str) -> bool:
        """Say whether a source reads its host's own record."""
        try:
            return isinstance(self._plugins.source(source), RecordedSource)
        except (NotFound, PluginError):
            return False

    def _read_hook(self, source: str, payload: object) -> RawEvent | None:
        given = checked_mapping(storable(payload), "payload")
        shortcut = self._shortcut()
        clean = self._public(given, shortcut)
        extra = mapping(clean.get("codemem"))
        cwd = clean.get("cwd") if isinstance(clean.get("cwd"), str) else None
        event = self._plugins.normalize(source, clean, context=EventContext(cwd=cwd))
        if event is None:
            return None
        # The session's own folder, where the event comes from one that a command went to.
        folder = extra["folder"] if isinstance(extra.get("folder"), str) else event.cwd
        if extra.get("project") is not None:
            # The hook saw CODEMEM_PROJECT in its own environment, which is not the server's.
            project = self._plugins.project(None, {"project": extra["project"]})
        else:
            project = self._plugins.project(folder, clean)
        event = self._redacted(event, shortcut, already=clean != given)
        raw = _raw_of(event, event_type=f"{source}.hook", project=project)
        return replace(raw, cwd=folder)

    def _in_time(self, event: RawEvent, received_ms: int | None, *, past: bool = False) -> RawEvent:
        """Return the event with the time of its receipt where its own cannot be right.

        `past`: it may be as old as it likes.
        """
        now_ms = received_ms or time.time_ns() // 1_000_000
        if event.ts_ms is None:
            return event
        late_ms = now_ms - event.ts_ms
        if late_ms >= -_DAY_MS and (past or late_ms <= _DAY_MS):
            return event
        adapter = event.adapter
        if adapter:
            marked = {**adapter.meta, "ts_normalized": "received"}
            adapter = replace(adapter, ts=iso_time(now_ms), meta=marked)
        timed = replace(event, ts_ms=now_ms, adapter=adapter, text="")
        return replace(timed, text=self._encode(timed.to_json())) if event.text else timed

    def _raw_event(
        self, event: object, shared: Mapping[str, Any], plain: bool, *, require_id: bool
    ) -> RawEvent:
        fields = checked_mapping(event, "event")
        plain = plain or self._is_plain(fields)
        public = fields if plain else self._public(storable(fields), self._shortcut())
        sent = delivery.read_delivery(public, shared, self.naming)
        if require_id and not sent.event_id:
            raise InputError("event_id required")
        adapter = self._adapter(sent, {"type": sent.event_type, **sent.payload})
        wall_ms = sent.timing.wall_ms
        read = RawEvent(
            source=sent.source,
            stream_id=sent.stream_id,
            event_id=sent.event_id[:200]
            or delivery.derived_id(
                sent.event_type, strip_private(fields.get("payload") or {}), sent.timing
            ),
            event_type=sent.event_type,
            payload=_native(sent.payload, adapter),
            adapter=adapter,
            ts_ms=wall_ms if wall_ms is not None or adapter is None else adapter.ts_ms,
            mono_ms=sent.timing.mono_ms,
            origin=origin_of(adapter) if adapter else "import",
            cwd=sent.cwd,
            project=self._project(sent),
            started_at=sent.started_at,
        )
        return replace(read, text=self._encode(read.to_json()))

    def _project(self, sent: Delivery) -> str | None:
        """Return the project, asked for now and then: plugins look at folders for the answer."""
        # The client saw CODEMEM_PROJECT in its own environment, which is not the server's.
        chosen = mapping(sent.payload.get("codemem")).get("project")
        place = (None, chosen) if isinstance(chosen, str) else (sent.cwd, sent.project)
        now_s = time.monotonic()
        asked_s, label = self._labels.get(place, (-math.inf, None))
        if now_s - asked_s < _LABEL_S:
            return label
        if len(self._labels) >= _LABELS:
            self._labels.clear()
        label = self._plugins.project(place[0], {"project": place[1]})
        self._labels[place] = now_s, label
        return label

    def _is_plain(self, event: Mapping[str, Any]) -> bool:
        """Say whether nothing in the event is to be replaced; most are, and need no closer look."""
        text = self._written(event)
        return bool(text) and self._is_plain_text(text)

    def _written(self, event: object) -> str:
        """Return a value as JSON; nothing when it cannot be written."""
        try:
            return self._encode(event)
        except (ValueError, OverflowError, RecursionError):
            return ""

    def _public(
        self,
        value: Any,  # noqa: ANN401 - JSON in, JSON out
        shortcut: Shortcut | None,
    ) -> Any:  # noqa: ANN401
        """Return a payload as it may be stored; its source makes an event of that.

        Before the source clips anything: a secret is known only as a whole.
        """
        text = self._written(value)
        if text and self._is_plain_text(text):
            return value
        ids = {
            name: clean_id(value[name])
            for name in (*sorted(self.naming.session_keys), *_ID_KEYS)
            if isinstance(value.get(name), str) and value[name]
        }
        if not text or "private" in text.lower():
            value = strip_private(value)
        clean, _ = redact(value, most=MOST_HITS, shortcut=shortcut)
        return clean | ids

    def _shortcut(self) -> Shortcut | None:
        """Return what one event's redaction may be spared; nothing where `is_plain` is slow."""
        return Shortcut(self._quick) if self._quick else None

    def _redacted(
        self, event: AdapterEvent, shortcut: Shortcut | None, *, already: bool
    ) -> AdapterEvent:
        """Return an event without secrets that its source added from the host's own files."""
        told = {"payload": event.payload, "meta": event.meta}
        if self._is_plain(told):
            return replace(event, redacted=True) if already else event
        clean, masked = redact(told, most=MOST_HITS, shortcut=shortcut)
        return replace(event, **clean, redacted=event.redacted or already or masked > 0)

    def _is_plain_text(self, text: str) -> bool:
        return self._plain(text) and not has_binary(text)

    def _adapter(self, sent: Delivery, payload: Mapping[str, Any]) -> AdapterEvent | None:
        """Return the event in its common form: as sent, or as the source understands it."""
        if ADAPTER in payload:
            _, carried = split_payload(payload)
            # An envelope that breaks the schema, or speaks of another stream, is ignored: the
            # native fields count.
            stream = (sent.source, sent.stream_id)
            if carried is not None and (carried.source, carried.session_id) == stream:
                return completed(self._plugins, carried)
        context = EventContext(
            stream_id=sent.stream_id,
            event_type=sent.event_type,
            event_id=sent.event_id if EVENT_ID.fullmatch(sent.event_id) else None,
            ts_ms=sent.timing.wall_ms,
            cwd=sent.cwd,
        )
        try:
            return self._plugins.normalize(sent.source, payload, context=context)
        except (InputError, PluginError, NotFound):
            return None  # kept raw: a later version may understand it


def _raw_of(event: AdapterEvent, *, event_type: str, project: str | None) -> RawEvent:
    clean = replace(event, project=project)
    begins = event.event_type == "session_start" and event.payload.get("source") not in _GOES_ON
    started = event.ts if begins else None
    return RawEvent(
        source=event.source,
        stream_id=event.session_id,
        event_id=event.event_id,
        event_type=event_type,
        payload={"type": event_type, "timestamp": event.ts},
        adapter=clean,
        ts_ms=event.ts_ms,
        origin=origin_of(event),
        cwd=event.cwd,
        project=project,
        started_at=started,
    )


def _native(sent: Mapping[str, Any], adapter: AdapterEvent | None) -> Mapping[str, Any]:
    """Return what the host sent; what the common form holds in the same words is kept once."""
    said = adapter.payload.values() if adapter else ()
    long = [value for value in said if value and isinstance(value, _LONG)]
    return {
        name: value
        for name, value in sent.items()
        if name != ADAPTER and not (isinstance(value, _LONG) and value in long)
    }


def _naming(sources: Iterable[IngestSource]) -> Naming:
    """Return how raw events name their source and session, as the hosts' packages say."""
    unnamed, keys = "", set(SESSION_KEYS)
    for source in sources:
        keys.update(source.session_keys)
        if source.takes_unnamed:
            unnamed = unnamed or source.name
    return Naming(unnamed, frozenset(keys))
