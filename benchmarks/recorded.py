"""Events to measure with: recorded sessions, or made up with what was measured of them.

`hook_events(FOLDER)` reads Claude Code transcripts (`*.jsonl`) below a folder. Without one, events
are made up: kinds and sizes follow the quantiles below, of 2,434 events of 37 sessions, and every
text is another one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codemem_claude.history import hook_payloads

Payload = dict[str, Any]
MARK = "@@@@@@"
"""Stands in an event's id where a number is to be put, so that a body can be sent again."""
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# kind: how many of 10,000 events, and bytes of JSON at each of the quantiles
_MEASURED: dict[str, tuple[int, tuple[int, ...]]] = {
    "message": (2461, (367, 383, 410, 456, 553, 1182)),
    "run": (2042, (473, 528, 765, 1693, 6054, 31972)),
    "read": (1335, (935, 1288, 2209, 5211, 14224, 42864)),
    "edit": (1118, (4845, 8815, 18445, 28890, 42827, 114562)),
    "search": (1413, (424, 463, 719, 1421, 3395, 12069)),
    "prompt": (546, (185, 193, 242, 345, 770, 7096)),
    "stop": (481, (405, 481, 875, 1428, 1954, 3292)),
    "failure": (243, (411, 497, 1112, 2210, 4159, 11021)),
}
_OVERHEAD = 300
"""Bytes of a payload around its text."""
_WORDS = (
    "token config session index parser render queue batch worker invoice total amount rounding "
    "cache retry timeout client server socket buffer column schema migration commit branch test "
    "assert return import class def self value error path file line user order price tax auth key"
).split()


def hook_events(folder: Path | None, *, count: int = 2_000) -> list[Payload]:
    """Return hook payloads in the order they happened: all that are recorded, or made-up ones."""
    if folder is None:
        return list(made_up(count))
    paths = sorted(folder.rglob("*.jsonl"))
    return [each for path in paths for each in hook_payloads(path, everything=True)]


def sessions(folder: Path | None, count: int) -> list[list[Payload]]:
    """Return the events of so many sessions, each a list."""
    if folder is None:
        return [list(made_up(80, seed=seed)) for seed in range(count)]
    found = [list(hook_payloads(path, everything=True)) for path in sorted(folder.rglob("*.jsonl"))]
    return [each for each in found if len(each) > 20][:count]


def made_up(count: int, *, seed: int = 0) -> Iterator[Payload]:
    """Yield payloads whose kinds and sizes are as measured."""
    draw = random.Random(seed)  # noqa: S311 - the same events each time
    kinds = draw.choices(list(_MEASURED), [share for share, _ in _MEASURED.values()], k=count)
    for number, kind in enumerate(kinds):
        size = max(20, _size(draw, _MEASURED[kind][1]) - _OVERHEAD)
        yield {"cwd": "/home/me/shop", **_payload(kind, f"{seed}-{number}", _text(draw, size))}


def bodies(events: Sequence[Payload], stream: str, batch: int) -> list[bytes]:
    """Return bodies of `POST /api/raw-events` with `batch` events each; `MARK` is in their ids."""
    raw = [_raw(payload, f"{stream}-{MARK}-{at:06}") for at, payload in enumerate(events)]
    while len(raw) < batch:
        raw += [{**each, "event_id": f"{each['event_id']}-{len(raw)}"} for each in raw]
    groups = [raw[at : at + batch] for at in range(0, len(raw) - batch + 1, batch)]
    return [json.dumps({"session_id": stream, "events": group}).encode() for group in groups]


def _raw(payload: Payload, event_id: str) -> Payload:
    return {
        "source": "claude",
        "event_id": event_id,
        "event_type": "claude.hook",
        "cwd": payload.get("cwd"),
        "payload": {**payload, "session_id": event_id.partition(f"-{MARK}")[0]},
    }


def _payload(kind: str, name: str, text: str) -> Payload:
    if kind == "prompt":
        return {"hook_event_name": "UserPromptSubmit", "prompt": text}
    if kind == "message":
        return {"hook_event_name": "AssistantText", "text": text, "uuid": name}
    if kind == "stop":
        return {"hook_event_name": "Stop", "last_assistant_message": text}
    tool = {"run": "Bash", "failure": "Bash", "read": "Read", "edit": "Edit", "search": "Grep"}
    call = {"tool_name": tool[kind], "tool_use_id": f"toolu_{name}"}
    if kind == "failure":
        given = {"command": f"make {name}"}
        return {"hook_event_name": "PostToolUseFailure", **call, "tool_input": given, "error": text}
    return {"hook_event_name": "PostToolUse", **call, **_done(kind, name, text)}


def _done(kind: str, name: str, text: str) -> Payload:
    path = f"/home/me/shop/src/part_{name}.py"
    if kind == "read":
        file = {"filePath": path, "content": text, "numLines": text.count("\n")}
        return {"tool_input": {"file_path": path}, "tool_response": {"type": "text", "file": file}}
    if kind == "edit":
        third = len(text) // 3
        old, new = text[:third], text[third : 2 * third]
        edited = {"filePath": path, "oldString": old, "newString": new, "originalFile": text}
        given = {"file_path": path, "old_string": old, "new_string": new}
        return {"tool_input": given, "tool_response": edited}
    if kind == "search":
        return {"tool_input": {"pattern": name}, "tool_response": {"content": text}}
    return {"tool_input": {"command": f"make {name}"}, "tool_response": {"stdout": text}}


def _size(draw: random.Random, sizes: Sequence[int]) -> int:
    """Return a size between the quantiles, on a straight line."""
    at, before = draw.random(), (0.0, sizes[0] // 2)
    for quantile, size in zip(_QUANTILES, sizes, strict=True):
        if at <= quantile:
            share = (at - before[0]) / (quantile - before[0])
            return round(before[1] + share * (size - before[1]))
        before = quantile, size
    return sizes[-1]


def _text(draw: random.Random, size: int) -> str:
    """Return lines like code, prose and paths, of so many characters."""
    lines: list[str] = []
    left = size
    while left > 0:
        words = draw.choices(_WORDS, k=draw.randint(3, 9))
        shapes = (
            f"    {words[0]}_{words[1]} = {words[2]}({draw.randint(0, 9999)}, {words[-1]})",
            " ".join(words) + ".",
            f"src/{words[0]}/{words[1]}.py:{draw.randint(1, 900)}: {words[2]}",
        )
        lines.append(draw.choice(shapes))
        left -= len(lines[-1]) + 1
    return "\n".join(lines)[:size]
