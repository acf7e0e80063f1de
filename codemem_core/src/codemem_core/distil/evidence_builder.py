"""From stored events to evidence: what observers read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.evidence import (
    TOOL_KINDS,
    Answer,
    Boundary,
    Evidence,
    EvidenceItem,
    Message,
    Prompt,
    ToolCall,
)

OUTPUT_CHARS = 6000
"""What is kept of one tool's output: the beginning and, as errors stand last, the end."""
DIFF_CHARS = 60_000
"""What is kept of an edit's diff, which is read line by line."""
_UNSEEN = frozenset({"memory", "plan"})
"""Kinds of tools that are no evidence: what codemem answered is not learnt again."""
_STARTS = {"clear": "clear", "compact": "compact"}
"""Boundary kinds by the `source` of a session start; any other is a `start`."""


def collect(
    events: Sequence[RawEvent], *, project: str | None = None, cwd: str | None = None
) -> Evidence:
    """Return the evidence of one stretch of a stream, in the order things happened.

    Hooks of parallel tools arrive in any order, so the host's times decide where it gives them.
    """
    items = [item for event in _each_once(events) for item in _items(event)]
    if not any(_says_final(event) for event in events):
        items = _with_final_messages(items)
    return Evidence(
        source=events[0].source,
        stream_id=events[0].stream_id,
        project=project,
        cwd=cwd,
        items=tuple(items),
    )


def _each_once(events: Sequence[RawEvent]) -> Iterator[RawEvent]:
    """Yield the events in order, but a tool use that hook and transcript both told only once."""
    told = set()
    for event in sorted(events, key=_when):
        use = _use(event)
        if use is None or use not in told:
            yield event
        told.add(use)


def _use(event: RawEvent) -> tuple[object, object] | None:
    """Return what of a tool use an event tells: its kind and the host's id."""
    use = event.adapter.meta.get("tool_use_id") if event.adapter else None
    return (event.common_type, use) if use else None


def _says_final(event: RawEvent) -> bool:
    return "final" in event.common


def _with_final_messages(items: Sequence[EvidenceItem]) -> list[EvidenceItem]:
    """Mark the messages that no tool call follows: their host does not say which are final."""
    following: EvidenceItem | None = None
    marked: list[EvidenceItem] = []
    for item in reversed(items):
        if isinstance(item, Message) and not isinstance(following, ToolCall):
            item = replace(item, final=True)  # noqa: PLW2901 - the same message
        marked.append(item)
        following = item
    return marked[::-1]


def _when(event: RawEvent) -> tuple[int, int]:
    return event.ts_ms or 0, event.seq


def _items(event: RawEvent) -> Iterator[EvidenceItem]:
    adapter = event.adapter
    if adapter is None:
        return
    place: dict[str, Any] = {"ts_ms": event.ts_ms, "seq": event.seq}
    if adapter.event_type == "tool_result":
        yield from _tool(adapter, event.origin, place)
    elif reader := _READERS.get(adapter.event_type):
        yield from reader(adapter.payload, place)


def _prompt(payload: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Prompt]:
    if payload["text"].strip():
        yield Prompt(text=payload["text"], number=_whole(payload.get("prompt_number")), **place)


def _message(payload: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Message]:
    if payload["text"].strip():
        usage, final = _usage(payload.get("usage")), payload.get("final") is True
        yield Message(text=payload["text"], final=final, usage=usage, **place)


def _start(payload: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Boundary]:
    kind = _STARTS.get(str(payload.get("source")), "start")
    yield Boundary(kind=kind, text=_text(payload.get("text")), **place)


def _end(payload: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Boundary]:
    yield Boundary(kind="end", text=_text(payload.get("reason")), **place)


def _stop(payload: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[Boundary]:
    stopped = payload.get("interrupted") is True
    yield Boundary(kind="stop", text=payload["message"], interrupted=stopped, **place)


_READERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[EvidenceItem]]] = {
    "prompt": _prompt,
    "assistant": _message,
    "session_start": _start,
    "session_end": _end,
    "error": _stop,
}


def _tool(
    adapter: AdapterEvent, origin: str, place: Mapping[str, Any]
) -> Iterator[ToolCall | Answer]:
    payload = adapter.payload
    kind = payload.get("kind")
    if kind in _UNSEEN:
        return
    given, code = payload.get("tool_input"), payload.get("exit_code")
    output = payload.get("tool_output")
    text = output_text(payload.get("output") if output is None else output)
    yield ToolCall(
        kind=kind if kind in TOOL_KINDS else "other",
        name=payload["tool_name"],
        files_read=_paths(payload.get("files_read")),
        files_changed=_paths(payload.get("files_changed")),
        command=payload["command"] if isinstance(payload.get("command"), str) else None,
        exit_code=_whole(code),
        output=clipped(text, DIFF_CHARS if kind == "edit" else OUTPUT_CHARS),
        error=_error(payload),
        refused=payload.get("refused") is True,
        interrupted=payload.get("interrupted") is True,
        input=given if isinstance(given, Mapping) else {},
        cwd=adapter.cwd,
        origin=origin,
        **place,
    )
    for answer in _list(payload.get("answers")):
        if isinstance(answer, Mapping) and (said := _text(answer.get("text"))):
            yield Answer(text=said, question=_text(answer.get("question")), **place)


def _error(payload: Mapping[str, Any]) -> str | None:
    error = payload.get("tool_error") or payload.get("error")
    if payload["status"] != "error" and not error:
        return None
    return clipped(output_text(error) or "failed")


def output_text(output: object) -> str:
    """Return what a tool gave back as text; sources give it as text mostly."""
    if isinstance(output, str):
        return output
    return "" if output is None else json.dumps(output, ensure_ascii=False)


def clipped(text: str, limit: int = OUTPUT_CHARS) -> str:
    """Return at most about `limit` characters: the first third and the last two."""
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    return f"{text[:head]}\n[… {len(text) - limit} characters left out …]\n{text[-tail:]}"


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _paths(value: object) -> tuple[str, ...]:
    return tuple(path for path in _list(value) if isinstance(path, str) and path)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _usage(value: object) -> dict[str, int]:
    given = value if isinstance(value, Mapping) else {}
    return {str(k): v for k, v in given.items() if isinstance(v, int) and v > 0}
