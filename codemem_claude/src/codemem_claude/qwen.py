"""Qwen Code, which runs Claude Code's plugins: its hooks are Claude Code's, its tools its own.

Payload shapes: recorded from Qwen Code 0.24.4.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from codemem_claude.events import Claude
from codemem_claude.transcript import transcript_path
from codemem_core.api import AdapterEvent, EventContext, Settings, log_records

SOURCE = "qwen"
_TAIL_BYTES = 1024 * 1024
_SHELL = re.compile(
    r"\ACommand: .*?\nDirectory: [^\n]*\nOutput: (?P<output>.*)\nError: (?P<error>.*)"
    r"\nExit Code: (?P<code>[^\n]*)\nSignal: [^\n]*(?:\n.*)?\Z",
    re.DOTALL,
)
_NONE = frozenset({"(none)", "(empty)"})


class Qwen:
    """The ingest source `qwen`."""

    def __init__(self, settings: Settings) -> None:
        self._claude = Claude(settings)

    def normalize(
        self, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Map a hook payload as Claude Code's; None when it says nothing about the work.

        Qwen Code repeats the prompt's hook after every tool, with an empty prompt.
        """
        event = self._claude.normalize(_as_claude(payload), context=context)
        return replace(event, source=SOURCE) if event else None

    def complete(self, event: AdapterEvent) -> AdapterEvent:
        """Fill in the fields of an event that was stored without them."""
        return self._claude.complete(event)

    def missed(
        self, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Read at the end of a turn what was said between tools: no hook tells it."""
        del seen
        path = transcript_path(payload.get("transcript_path"), cwd=payload.get("cwd"))
        if payload.get("hook_event_name") not in {"Stop", "SessionEnd"} or path is None:
            return
        kept = {n: payload[n] for n in ("session_id", "cwd", "codemem") if n in payload}
        for record in log_records(path, max_bytes=_TAIL_BYTES):
            if words := _words_between(record):
                told = {"text": words, "uuid": record.get("uuid"), "ts": record.get("timestamp")}
                yield {"hook_event_name": "AssistantText", **told, **kept}


def _as_claude(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload whose tool answered as Claude Code's do."""
    told = dict(payload)
    response = told.get("tool_response")
    if isinstance(response, Mapping) and "llmContent" in response:
        told["tool_response"] = _output(response["llmContent"])
    if isinstance(error := told.get("error"), str) and (shell := _SHELL.match(error)):
        said = "\n".join(shell[n] for n in ("output", "error") if shell[n] not in _NONE)
        told["error"] = f"Exit code {shell['code']}\n{said}"
    return told


def _output(content: object) -> object:
    """Return what a command printed, without what Qwen Code says about it."""
    shell = _SHELL.match(content) if isinstance(content, str) else None
    if shell is None:
        return content
    return "" if shell["output"] in _NONE else shell["output"]


def _words_between(record: Mapping[str, Any]) -> str:
    """Return what the assistant said before it called a tool."""
    message = record.get("message")
    parts = message.get("parts") if isinstance(message, Mapping) else None
    if record.get("type") != "assistant" or not isinstance(parts, list):
        return ""
    parts = [part for part in parts if isinstance(part, Mapping)]
    if not any("functionCall" in part for part in parts):
        return ""
    said = (part.get("text") for part in parts if not part.get("thought"))
    return "\n".join(text.strip() for text in said if isinstance(text, str)).strip()
