"""From stored events to evidence: what observers read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codemem_core.errors import InputError
from codemem_core.records.events import AdapterEvent, RawEvent
from codemem_core.records.evidence import Evidence, EvidenceItem, Message, Prompt, ToolUse

OUTPUT_CHARS = 6000
"""What is kept of one tool's output: the beginning and, as errors stand last, the end."""
_BOOKKEEPING = frozenset({"todowrite", "todoread", "taskcreate", "taskupdate", "tasklist"})
"""Tools that keep the host's own lists; they say nothing about the work."""


def collect(
    events: Sequence[RawEvent], *, project: str | None = None, cwd: str | None = None
) -> Evidence:
    """Return the evidence of one stretch of a stream, in the order things happened.

    Hooks of parallel tools arrive in any order, so the host's times decide where it gives them.
    """
    items = [item for event in _each_once(events) if (item := _item(event)) is not None]
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
    adapter = event.payload.get("_adapter")
    meta = adapter.get("meta") if isinstance(adapter, Mapping) else None
    use = meta.get("tool_use_id") if isinstance(meta, Mapping) else None
    return (adapter.get("event_type"), use) if isinstance(adapter, Mapping) and use else None


def _when(event: RawEvent) -> tuple[int, int]:
    return event.ts_ms or 0, event.seq


def _item(event: RawEvent) -> EvidenceItem | None:
    try:
        adapter = AdapterEvent.from_json(event.payload.get("_adapter"))
    except InputError:
        return None
    payload = adapter.payload
    place: dict[str, Any] = {"ts_ms": event.ts_ms, "seq": event.seq}
    if adapter.event_type == "prompt" and payload["text"].strip():
        return Prompt(text=payload["text"], number=_whole(payload.get("prompt_number")), **place)
    if adapter.event_type == "assistant" and payload["text"].strip():
        return Message(text=payload["text"], usage=_usage(payload.get("usage")), **place)
    if adapter.event_type == "tool_result":
        return _tool_use(adapter, event.origin, place)
    return None


def _tool_use(adapter: AdapterEvent, origin: str, place: Mapping[str, Any]) -> ToolUse | None:
    payload = adapter.payload
    name = tool_name(payload["tool_name"])
    if name in _BOOKKEEPING or _is_ours(payload["tool_name"]):
        return None
    given = payload.get("tool_input")
    output = payload.get("tool_output")
    error = payload.get("tool_error") or payload.get("error")
    failed = payload["status"] == "error"
    return ToolUse(
        name=name,
        input=given if isinstance(given, Mapping) else {},
        output=clipped(output_text(payload.get("output") if output is None else output)),
        error=clipped(output_text(error) or "failed") if failed or error else None,
        cwd=adapter.cwd,
        origin=origin,
        **place,
    )


def tool_name(name: str) -> str:
    """Return a tool's name without its namespace: `mcp__github__get_issue` is `get_issue`."""
    last = name.rpartition("__")[2] if name.startswith("mcp__") else name
    return last.rpartition(".")[2].rpartition(":")[2].lower()


def _is_ours(name: str) -> bool:
    """Say whether a tool is our own: what it answers came from us and is not learnt again."""
    return "codemem" in name.lower() or tool_name(name).startswith(("memory_", "mem-"))


_INSIDE = ("text", "content", "file", "output", "result")
"""Where tools put their answer when they wrap it: read, MCP, write, fetch."""


def output_text(output: object) -> str:
    """Return what a tool gave back as text, whatever shape the host gives it."""
    if isinstance(output, str):
        return output
    if isinstance(output, list):
        return "\n".join(filter(None, map(output_text, output)))
    if isinstance(output, Mapping):
        return _of_object(output)
    return "" if output is None else json.dumps(output)


def _of_object(output: Mapping[str, Any]) -> str:
    if output.get("structuredPatch"):
        return _diff(output["structuredPatch"])
    if "stdout" in output or "stderr" in output:
        return "\n".join(str(output[k]) for k in ("stdout", "stderr") if output.get(k))
    for key in _INSIDE:
        if isinstance(output.get(key), str | list | Mapping) and output[key]:
            return output_text(output[key])
    return json.dumps(output, ensure_ascii=False)


def _diff(hunks: object) -> str:
    """Return the hunks of an edit as a unified diff."""
    lines: list[str] = []
    for hunk in hunks if isinstance(hunks, list) else []:
        if isinstance(hunk, Mapping) and isinstance(hunk.get("lines"), list):
            old = f"-{hunk.get('oldStart', 0)},{hunk.get('oldLines', 0)}"
            new = f"+{hunk.get('newStart', 0)},{hunk.get('newLines', 0)}"
            lines += [f"@@ {old} {new} @@", *map(str, hunk["lines"])]
    return "\n".join(lines)


def clipped(text: str, limit: int = OUTPUT_CHARS) -> str:
    """Return at most about `limit` characters: the first third and the last two."""
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    return f"{text[:head]}\n[… {len(text) - limit} characters left out …]\n{text[-tail:]}"


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _usage(value: object) -> dict[str, int]:
    given = value if isinstance(value, Mapping) else {}
    return {str(k): v for k, v in given.items() if isinstance(v, int) and v > 0}
