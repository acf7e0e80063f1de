"""OpenCode's events in the common form."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codemem_core.api import AdapterEvent, EventContext, InputError
from codemem_opencode import messages, sessions, tools
from codemem_opencode.identity import event_id, iso_time, now
from codemem_opencode.places import session_database
from codemem_opencode.tool_text import Said, child, word
from codemem_opencode.typed import typed

if TYPE_CHECKING:
    from codemem_core.api import Settings

SOURCE, KILO = "opencode", "kilo"
SOURCES = frozenset({SOURCE, KILO})
"""Kilo is built from OpenCode and takes its plugins as they are."""
_TOOLS = frozenset({"tool_call", "tool_result"})
_ABORTED = "MessageAbortedError"
"""The error of a turn that the user stopped."""


def _read_part(event: Mapping[str, Any]) -> Said | None:
    """Read `message.part.updated` by the part's type; steps, patches and files say nothing new."""
    kind = child(event, "properties", "part").get("type")
    if kind == "tool":
        return tools.read_failed_part(event)
    return messages.read_text_part(event) if kind == "text" else None


# `session.idle` is missing on purpose: it says when to flush, not what happened.
_READERS: Mapping[str, Callable[[Mapping[str, Any]], Said | None]] = {
    "user_prompt": messages.read_user_prompt,
    "assistant_message": messages.read_assistant_message,
    "assistant_usage": messages.read_assistant_usage,
    "tool.execute.after": tools.read_tool,
    "chat.message": messages.read_chat_message,
    "message.updated": messages.read_message,
    "message.part.updated": _read_part,
    "session.created": sessions.read_created,
    "session.compacted": sessions.read_compacted,
    "session.deleted": sessions.read_deleted,
    "session.error": sessions.read_error,
}


class OpenCode:
    """The ingest source `opencode`."""

    source = SOURCE

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings: the agent's own variables say where its sessions are."""
        self._environ = settings.environ if settings else os.environ
        self.unread: Counter[str] = Counter()

    def history(self, *, since_ms: int = 0) -> Iterator[AdapterEvent]:
        """Yield what OpenCode stored of earlier sessions, session by session."""
        from codemem_opencode.history import stored_payloads  # noqa: PLC0415 - once, by hand

        self.unread.clear()
        database = session_database(self._environ, self.source)
        for payload in stored_payloads(database, since_ms=since_ms, skipped=self.unread):
            context = EventContext(stream_id=payload["session_id"], cwd=payload["cwd"])
            event = self.normalize(payload, context=context)
            if event is not None:
                yield event

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Return the event in its common form, or None when it says nothing worth keeping.

        `payload` is what codemem's plugin posts, or an event of OpenCode's bus or hooks; its name
        is `type`, else the context's. An adapter event that it carries under `_adapter` is taken as
        it is. Raises `InputError` when nobody names the session.
        """
        if not isinstance(payload, Mapping):
            raise InputError("event is not an object")
        session_id = _session_id(payload, context=context)
        carried = _carried(payload.get("_adapter"), source=self.source, session_id=session_id)
        if carried is not None:
            return self.complete(carried)
        kind = word(payload.get("type")) or context.event_type or ""
        reader = _READERS.get(kind)
        said = reader(payload) if reader else None
        if said is None:
            return None
        if not session_id:
            raise InputError(f"event without session id: `{kind}`")
        event = _event(said, payload=payload, session_id=session_id, kind=kind, context=context)
        return replace(event, source=self.source)

    def complete(self, event: AdapterEvent) -> AdapterEvent:
        """Fill in the typed fields of an event that was stored or sent without them."""
        payload = _typed(event.event_type, event.payload)
        return event if payload is event.payload else replace(event, payload=payload)


class Kilo(OpenCode):
    """The ingest source `kilo`."""

    source = KILO


def _typed(
    event_type: str, payload: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return a payload with the fields that no event id is made of."""
    if event_type in _TOOLS and "kind" not in payload:
        return typed(payload, metadata)
    if event_type == "error" and payload.get("name") == _ABORTED:
        return {**payload, "interrupted": True}
    return payload


def _event(
    said: Said, *, payload: Mapping[str, Any], session_id: str, kind: str, context: EventContext
) -> AdapterEvent:
    known = iso_time(said.at) or iso_time(payload.get("timestamp")) or iso_time(context.ts_ms)
    meta = {"original_event_type": kind} | ({} if known else {"ts_normalized": "generated"})
    return AdapterEvent(
        source=SOURCE,
        session_id=session_id,
        event_id=context.event_id
        or event_id(
            session_id=session_id,
            event_type=said.event_type,
            raw_event_type=kind,
            # OpenCode's own id tells two events apart that have no time and say the same.
            timestamp=known or word(payload.get("id")) or None,
            payload=said.payload,
        ),
        event_type=said.event_type,
        ts=known or now(),
        payload=_typed(said.event_type, said.payload, said.metadata),
        project=word(payload.get("project")) or context.project,
        cwd=word(said.cwd) or context.cwd,
        meta=meta,
    )


def _session_id(payload: Mapping[str, Any], *, context: EventContext) -> str:
    """Return the stream's id, else the id the event itself names, else nothing."""
    if context.stream_id:
        return context.stream_id.strip()
    properties = child(payload, "properties")
    places = (
        properties.get("sessionID"),
        child(properties, "part").get("sessionID"),
        child(payload, "input").get("sessionID"),
        payload.get("sessionID"),
        payload.get("session_id"),
        payload.get("_raw_session_id"),
    )
    return next((word(place) for place in places if word(place)), "")


def _carried(value: object, *, source: str, session_id: str) -> AdapterEvent | None:
    """Return the adapter event a payload carries; None when there is none of this session."""
    if value is None:
        return None
    try:
        event = AdapterEvent.from_json(value)
    except InputError:
        return None
    is_ours = event.source == source and event.session_id == (session_id or event.session_id)
    return event if is_ours else None
