"""Raw events as clients send them: checked, one record an event."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from codemem_core.capture.binary import without_binary
from codemem_core.errors import InputError
from codemem_core.records.event import epoch_ms

SESSION_KEYS = ("session_stream_id", "session_id", "stream_id")
_META_KEYS = ("cwd", "project", "started_at")
_OBJECT = (dict, Mapping)
"""`dict` first: it is recognised in a third of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What somebody hands in."""

    payload: object
    source: str | None = None
    """The host whose hook payload it is; None for raw events, which name their source."""
    text: str = ""
    """The JSON that raw events were read from, where there is one."""
    require_id: bool = False
    """Refuse raw events without an id instead of deriving one."""
    received_ms: int | None = None
    """When it came in; now, unless it waited in the spool."""
    past: bool = False
    """It was read from the host's own record, so its time may be as long ago as it likes."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How raw events name their source and their session."""

    unnamed: str = ""
    """The source of those that name none; empty: they are refused."""
    session_keys: frozenset[str] = frozenset(SESSION_KEYS)
    """Fields that hold the session's id."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When the client says that an event happened; every field may be missing."""

    seq: int | None
    """The client's own number."""
    wall_ms: int | None
    """Epoch milliseconds."""
    mono_ms: float | None
    """The client's monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One raw event as it came in."""

    source: str
    stream_id: str
    event_type: str
    event_id: str
    """As the client calls it; empty when it has no id."""
    payload: Mapping[str, Any]
    timing: Timing
    cwd: str | None = None
    project: str | None = None
    started_at: str | None = None


def read_request(body: object, naming: Naming) -> tuple[Mapping[str, Any], list[object]]:
    """Return what holds for all events of a request, and the events; raises `InputError`.

    A request is one event, or `{"events": [...], ...}`.
    """
    given = checked_mapping(body, "payload")
    listed = given.get("events")
    if listed is None:
        return {}, [given]
    if not isinstance(listed, list):
        raise InputError("events must be a list")
    shared = storable({key: value for key, value in given.items() if key != "events"})
    _check_texts(shared, _META_KEYS)
    return {**shared, "stream_id": _stream_of(shared, naming)}, listed


def read_delivery(fields: Mapping[str, Any], shared: Mapping[str, Any], naming: Naming) -> Delivery:
    """Return one event of a request, without what it leaves to `shared`; raises `InputError`."""
    stream_id = _stream_of(fields, naming) or shared.get("stream_id")
    event_type = fields.get("event_type")
    if not isinstance(event_type, str) or not event_type.strip():
        raise InputError("event_type required")
    _check_texts(fields, (*_META_KEYS, "source"))
    if not stream_id:
        raise InputError("session id required")
    if stream_id.startswith("msg_"):
        raise InputError("invalid session id", hint="this is a message's id, not a session's")
    given = fields.get("payload")
    payload = checked_mapping({} if given is None else given, "payload")
    source = fields.get("source") or shared.get("source") or naming.unnamed
    if not source:
        raise InputError("source required")
    return Delivery(
        source=source.strip().lower(),
        stream_id=stream_id,
        event_type=event_type,
        event_id=str(fields.get("event_id") or payload.get("_raw_event_id") or "").strip(),
        payload=payload,
        timing=_timing(fields),
        **{key: fields.get(key) or shared.get(key) for key in _META_KEYS},
    )


def sources_of(body: object, naming: Naming) -> tuple[set[str], int]:
    """Return the sources that a refused request names, and how many events it had."""
    fields = body if isinstance(body, Mapping) else {}
    listed = fields.get("events")
    events = listed if isinstance(listed, list) and listed else [fields]
    named = {str(each.get("source") or fields.get("source") or naming.unnamed).strip().lower()
             for each in events if isinstance(each, Mapping)}  # fmt: skip
    return named, len(events)


def derived_id(event_type: str, payload: Mapping[str, Any], timing: Timing) -> str:
    """Return an id for an event that came without one: the same event gives the same id.

    Made before redaction, whose marks differ from process to process.
    """
    body: dict[str, object] = {"t": event_type, "p": payload}
    numbered = timing.seq is not None
    body |= {"s": timing.seq} if numbered else {"w": timing.wall_ms, "m": timing.mono_ms}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return f"legacy-seq-{timing.seq}-{digest}" if numbered else f"legacy-{digest}"


def storable(value: object) -> Any:  # noqa: ANN401
    """Return a JSON value fit to be stored: no lone surrogates, NUL characters, NaN or pictures."""
    if isinstance(value, str):
        value = without_binary(value)
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


def checked_mapping(value: object, name: str) -> Mapping[str, Any]:
    """Return an object; raises `InputError` with its name for anything else."""
    if not isinstance(value, _OBJECT):
        raise InputError(f"{name} must be an object")
    return value


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, _OBJECT) else {}


def _check_texts(fields: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if fields.get(name) is not None and not isinstance(fields[name], str):
            raise InputError(f"{name} must be string")
    if fields.get("started_at"):
        epoch_ms(fields["started_at"])


def _timing(fields: Mapping[str, Any]) -> Timing:
    return Timing(
        _number(fields, "event_seq", whole=True),
        _number(fields, "ts_wall_ms", whole=True),
        _number(fields, "ts_mono_ms", whole=False),
    )


def _stream_of(fields: Mapping[str, Any], naming: Naming) -> str | None:
    """Return the one session id given under any of its names."""
    if naming.session_keys.isdisjoint(fields):
        return None
    _check_texts(fields, naming.session_keys)
    given = {value for key in naming.session_keys if (value := (fields.get(key) or "").strip())}
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
