"""From what a host sent to events fit to be stored: checked, normalised, redacted."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import apsw

from codemem_core.distil.completion import completed
from codemem_core.errors import InputError, NotFound, PluginError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import (
    EVENT_ID,
    AdapterEvent,
    RawEvent,
    epoch_ms,
    iso_time,
    json_text,
)
from codemem_core.records.protocols import EventContext, RecordedSource
from codemem_core.redact import is_plain, redact, strip_private
from codemem_core.store import ledger

IMPORTED = "{}.history"
"""Event type of what was imported, by source."""
_GOES_ON = frozenset({"resume", "compact"})
"""Sources of a session start that continue the same session."""
_STREAM_KEYS = frozenset(("session_stream_id", "session_id", "stream_id", "opencode_session_id"))
_META_KEYS = ("cwd", "project", "started_at")
_LONG = (str, dict)
_OBJECT = (dict, Mapping)
"""`dict` first: it is told in a third of the time."""
_LABEL_S, _LABELS = 5.0, 256
"""How long the label of a place holds before it is asked for again, and of how many places."""
_DAY_MS = 86_400_000
"""How far from its receipt an event's time may lie; what lies beyond comes from a wrong clock."""
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Intake:
    """Turns deliveries into `RawEvent` records, whichever way they came in."""

    def __init__(
        self,
        plugins: Plugins,
        *,
        encode: Callable[[object], str] = json_text,
        plain: Callable[[str], bool] = is_plain,
    ) -> None:
        """Take what is quicker than the standard library at writing JSON and at `is_plain`."""
        self._plugins = plugins
        self._encode = encode
        self._plain = plain
        self._labels: dict[tuple[str | None, str | None], tuple[float, str | None]] = {}

    def raw_events(
        self,
        body: object,
        *,
        text: str = "",
        require_id: bool = False,
        received_ms: int | None = None,
    ) -> list[RawEvent]:
        """Read one event, or `{"events": [...], ...}` with fields that hold for all of them.

        Everything is checked before anything is returned. `text` is the JSON that `body` was read
        from, where there is one: plain as a whole, no event of it needs a look of its own.
        `require_id` refuses events without an id instead of deriving one. `received_ms` is when
        the delivery came in, now unless it waited in the spool. Raises `InputError` with what is
        wrong.
        """
        given = _checked_mapping(body, "payload")
        listed = given.get("events")
        if listed is None:
            listed, given = [given], {}
        if not isinstance(listed, list):
            raise InputError("events must be a list")
        request = storable({key: value for key, value in given.items() if key != "events"})
        _check_texts(request, _META_KEYS)
        shared: dict[str, Any] = {key: request.get(key) for key in (*_META_KEYS, "source")}
        shared["stream"] = _stream_of(request)
        # `\/` hides a slash, as `\u` hides any character.
        shared["plain"] = bool(text) and "\\/" not in text and self._plain(text)
        events = [self._raw_event(event, shared, require_id=require_id) for event in listed]
        return [self._in_time(event, received_ms) for event in events]

    def hook(
        self, source: str, payload: object, *, received_ms: int | None = None
    ) -> RawEvent | None:
        """Read one hook payload of `source`; None when it holds nothing worth keeping.

        `received_ms` is when it came in, now unless it waited in the spool. Raises `InputError`
        when it is no payload of that host.
        """
        raw = self._read_hook(source, payload)
        return None if raw is None else self._in_time(raw, received_ms)

    def _read_hook(self, source: str, payload: object) -> RawEvent | None:
        clean = strip_private(_checked_mapping(storable(payload), "payload"))
        extra = _mapping(clean.get("codemem"))
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
        raw = _raw_of(event, event_type=f"{source}.hook", project=project)
        return replace(raw, cwd=folder)

    def _in_time(self, event: RawEvent, received_ms: int | None) -> RawEvent:
        """Return the event with the time of its receipt where its own cannot be right."""
        now_ms = received_ms or time.time_ns() // 1_000_000
        if event.ts_ms is None or abs(event.ts_ms - now_ms) <= _DAY_MS:
            return event
        payload = dict(event.payload)
        if isinstance(sent := payload.get("_adapter"), Mapping):
            marked = {**sent.get("meta", {}), "ts_normalized": "received"}
            payload["_adapter"] = {**sent, "ts": iso_time(now_ms), "meta": marked}
        text = self._encode(payload) if event.text else ""
        return replace(event, ts_ms=now_ms, payload=payload, text=text)

    def missed(
        self, source: str, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> list[RawEvent]:
        """Return what the host's own record tells beside `payload`; see `RecordedSource.missed`."""
        reader = self._plugins.source(source)
        if not isinstance(reader, RecordedSource):
            return []
        found = []
        for told in reader.missed(payload, seen=seen):
            try:
                event = self._read_hook(source, told)
            except InputError:
                continue  # one odd line of a file must not cost the event that is at hand
            if event is not None:
                found.append(event)
        return found

    def imported(self, event: AdapterEvent) -> RawEvent:
        """Return an event that the host stored before codemem knew it, redacted and labelled."""
        # The folder may be gone by now; its name still tells the project.
        project = self._plugins.project(event.cwd, {"project": event.project or event.cwd})
        clean = AdapterEvent.from_json(strip_private(storable(event.to_json())))
        return _raw_of(clean, event_type=IMPORTED.format(event.source), project=project)

    def _raw_event(self, event: object, shared: Mapping[str, Any], *, require_id: bool) -> RawEvent:
        fields = _checked_mapping(event, "event")
        plain = shared["plain"] or self._is_plain(fields)
        if not plain:
            fields = storable(fields)
        meta, timing = _meta(fields, shared), _timing(fields)
        given = fields.get("payload")
        public = _checked_mapping({} if given is None else given, "payload")
        # The client saw CODEMEM_PROJECT in its own environment, which is not the server's.
        chosen = _mapping(public.get("codemem")).get("project")
        place = (None, chosen) if isinstance(chosen, str) else (meta["cwd"], meta["project"])
        given_id = str(fields.get("event_id") or public.get("_raw_event_id") or "").strip()
        if require_id and not given_id:
            raise InputError("event_id required")
        clean = public
        if not plain:
            public = strip_private(public)
            clean, _ = redact(public)
        context = EventContext(
            stream_id=meta["stream"],
            event_type=meta["type"],
            event_id=given_id if EVENT_ID.fullmatch(given_id) else None,
            ts_ms=timing["w"],
            cwd=meta["cwd"],
        )
        adapter = self._adapter(meta["source"], {"type": meta["type"], **clean}, context)
        payload = _stored(clean, adapter)
        return RawEvent(
            source=meta["source"],
            stream_id=meta["stream"],
            event_id=given_id[:200] or _derived_id(meta["type"], public, timing),
            event_type=meta["type"],
            payload=payload,
            ts_ms=timing["w"] if timing["w"] is not None or adapter is None else adapter.ts_ms,
            mono_ms=timing["m"],
            origin=origin_of(adapter) if adapter else "import",
            cwd=meta["cwd"],
            project=self._label(*place),
            started_at=meta["started_at"],
            text=self._encode(payload),
        )

    def _label(self, cwd: str | None, named: str | None) -> str | None:
        """Return the project, asked for now and then: plugins look at folders for the answer."""
        now_s = time.monotonic()
        asked_s, label = self._labels.get((cwd, named), (-math.inf, None))
        if now_s - asked_s < _LABEL_S:
            return label
        if len(self._labels) >= _LABELS:
            self._labels.clear()
        label = self._plugins.project(cwd, {"project": named})
        self._labels[cwd, named] = now_s, label
        return label

    def _is_plain(self, event: Mapping[str, Any]) -> bool:
        """Say whether nothing in the event is to be replaced; most are, and need no closer look."""
        try:
            return self._plain(self._encode(event))
        except (ValueError, OverflowError, RecursionError):
            return False

    def _adapter(
        self, source: str, payload: Mapping[str, Any], context: EventContext
    ) -> AdapterEvent | None:
        """Return the event in its common form: as sent, or as the source understands it."""
        if "_adapter" in payload:
            try:
                sent = AdapterEvent.from_json(payload["_adapter"])
            except InputError:
                sent = None
            # An envelope that breaks the schema, or speaks of another stream, is ignored: the
            # native fields count.
            if sent is not None and (sent.source, sent.session_id) == (source, context.stream_id):
                return completed(self._plugins, sent)
        try:
            return self._plugins.normalize(source, payload, context=context)
        except (InputError, PluginError, NotFound):
            return None  # kept raw: a later version may understand it


def _raw_of(event: AdapterEvent, *, event_type: str, project: str | None) -> RawEvent:
    payload, masked = redact(event.payload)
    clean = replace(event, payload=payload, project=project, redacted=event.redacted or masked > 0)
    begins = event.event_type == "session_start" and event.payload.get("source") not in _GOES_ON
    started = event.ts if begins else None
    return RawEvent(
        source=event.source,
        stream_id=event.session_id,
        event_id=event.event_id,
        event_type=event_type,
        payload={"type": event_type, "timestamp": event.ts, "_adapter": clean.to_json()},
        ts_ms=event.ts_ms,
        origin=origin_of(event),
        cwd=event.cwd,
        project=project,
        started_at=started,
    )


_ORIGINS = {
    **dict.fromkeys(("read", "edit", "search"), "tool_repo"),
    **dict.fromkeys(("fetch", "other"), "external"),
}
"""By kind of tool; any other tool's text is `tool_exec`."""
_OUTSIDE_COMMANDS = ("curl ", "wget ", "gh ", "http ", "https://", "http://")


def origin_of(event: AdapterEvent) -> str:
    """Say where an event's text came from: one of `records.events.ORIGINS`."""
    if event.event_type in {"prompt", "session_start", "session_end"}:
        return "user"
    if event.event_type == "assistant":
        return "assistant"
    command = str(event.payload.get("command", ""))
    if any(mark in command for mark in _OUTSIDE_COMMANDS):
        return "external"
    return _ORIGINS.get(str(event.payload.get("kind", "")), "tool_exec")


def refuse(db: apsw.Connection, body: object, *, now_ms: int) -> None:
    """Enter a delivery in the ledger that `Intake.raw_events` refused: all its events are lost.

    They count for the source it names, if that is one we know how to write down.
    """
    fields = body if isinstance(body, Mapping) else {}
    listed = fields.get("events")
    of_events = listed if isinstance(listed, list) and listed else [fields]
    named = {str(each.get("source") or fields.get("source") or "opencode").strip().lower()
             for each in of_events if isinstance(each, Mapping)}  # fmt: skip
    source = named.pop() if len(named) == 1 else "unknown"
    if not _SOURCE.fullmatch(source):
        source = "unknown"
    ledger.count(db, source, rejected=len(of_events), now_ms=now_ms)


def storable(value: object) -> Any:  # noqa: ANN401
    """Return a JSON value that SQLite takes: no lone surrogates, NUL characters or NaN."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _stored(native: Mapping[str, Any], adapter: AdapterEvent | None) -> Mapping[str, Any]:
    """Return the payload with its common form; what that says in the same words is kept once."""
    if adapter is None:
        return {name: value for name, value in native.items() if name != "_adapter"}
    said = [value for value in adapter.payload.values() if value and isinstance(value, _LONG)]
    kept = {
        name: value
        for name, value in native.items()
        if name != "_adapter" and not (isinstance(value, _LONG) and value in said)
    }
    kept["_adapter"] = adapter.to_json()
    return kept


def _derived_id(event_type: str, payload: Mapping[str, Any], timing: Mapping[str, Any]) -> str:
    """Return an id for an event that came without one: the same event gives the same id.

    Made before redaction, whose marks differ from process to process.
    """
    body = {"t": event_type, "p": payload}
    numbered = timing["s"] is not None
    body |= {"s": timing["s"]} if numbered else {"w": timing["w"], "m": timing["m"]}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return f"legacy-seq-{timing['s']}-{digest}" if numbered else f"legacy-{digest}"


def _checked_mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, _OBJECT):
        raise InputError(f"{name} must be an object")
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, _OBJECT) else {}


def _check_texts(fields: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if fields.get(name) is not None and not isinstance(fields[name], str):
            raise InputError(f"{name} must be string")
    if fields.get("started_at"):
        epoch_ms(fields["started_at"])


def _meta(fields: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says of itself, else what holds for its whole delivery."""
    stream = _stream_of(fields) or shared["stream"]
    event_type = fields.get("event_type")
    if not isinstance(event_type, str) or not event_type.strip():
        raise InputError("event_type required")
    _check_texts(fields, (*_META_KEYS, "source"))
    if not stream:
        raise InputError("session id required")
    if stream.startswith("msg_"):
        raise InputError("invalid session id", hint="this is a message's id, not a session's")
    meta = {key: fields.get(key) or shared[key] for key in _META_KEYS}
    source = fields.get("source") or shared["source"] or "opencode"
    return meta | {"stream": stream, "type": event_type, "source": source.strip().lower()}


def _timing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the host's own number, wall clock (ms) and monotonic clock (ms) of an event."""
    return {
        "s": _number(fields, "event_seq", whole=True),
        "w": _number(fields, "ts_wall_ms", whole=True),
        "m": _number(fields, "ts_mono_ms", whole=False),
    }


def _stream_of(fields: Mapping[str, Any]) -> str | None:
    """Return the one session id given under any of its names."""
    if _STREAM_KEYS.isdisjoint(fields):
        return None
    _check_texts(fields, _STREAM_KEYS)
    given = {value for key in _STREAM_KEYS if (value := (fields.get(key) or "").strip())}
    if len(given) > 1:
        raise InputError("conflicting session id fields")
    return next(iter(given), None)


def _number(fields: Mapping[str, Any], name: str, *, whole: bool) -> Any:  # noqa: ANN401
    """Return an optional number; digits in a string count, as old clients send them."""
    value = fields.get(name)
    if value is None or (whole and type(value) is int and abs(value) < 2**63):
        return value
    problem = InputError(f"{name} must be {'int' if whole else 'number'}")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise problem
    try:
        number = int(value) if whole else float(value)
    except (ValueError, OverflowError) as error:
        raise problem from error
    if not -(2**63) <= number < 2**63:
        raise problem
    return number
