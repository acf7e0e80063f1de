"""What happened in a turn and fired no hook, read from the end of the transcript.

Refused permissions, tools that do not exist and inputs that fail validation fire none; what the
assistant says between two tools stands in the transcript alone, and often names the cause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from codemem_claude.history import last_payloads
from codemem_claude.transcript import transcript_path

TAIL_BYTES = 1024 * 1024
"""How much is read, at every Stop and SessionEnd: the longest turn recorded took 0.6 MiB."""
_ENDS = frozenset({"Stop", "SessionEnd"})
_RESULTS = frozenset({"PostToolUse", "PostToolUseFailure"})
_TRANSCRIPT_ONLY = frozenset({"AssistantText", "Interrupted"})
_NEVER = "9999"
_SECONDS = len("2026-11-22T08:00:00")
_KEPT = ("session_id", "cwd", "codemem")


def missed_payloads(
    payload: Mapping[str, Any], *, seen: Collection[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield, as hook payloads, what `payload`'s transcript tells and no event did, oldest first.

    `seen`: ids of the tool uses that are stored. Everything has the time and the words of the
    transcript, so the same thing has the same event id whenever it is read.
    """
    path = transcript_path(payload.get("transcript_path"), cwd=payload.get("cwd"))
    if payload.get("hook_event_name") not in _ENDS or payload.get("agent_id") or path is None:
        return
    # What came later is told at its own end: its hooks may be on their way still.
    until = str(payload.get("ts") or _NEVER)[:_SECONDS]
    kept = {name: payload[name] for name in _KEPT if name in payload}
    extra = {k: v for k, v in dict(kept.pop("codemem", None) or {}).items() if k != "flush"}
    try:
        for told in last_payloads(path, max_bytes=TAIL_BYTES):
            hook, use = told["hook_event_name"], told.get("tool_use_id")
            if str(told.get("ts", ""))[:_SECONDS] > until:
                continue
            if hook in _TRANSCRIPT_ONLY or (hook in _RESULTS and use not in seen):
                yield {**told, **kept, "codemem": extra}
    except OSError:
        return
