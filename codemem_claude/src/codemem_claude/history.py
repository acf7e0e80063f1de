"""Reads a session that Claude Code stored (its transcript) as the hook payloads it once sent.

A transcript is JSON lines. Only records of type `user` and `assistant` are the conversation, one
assistant record for each content block; everything else is the client's own bookkeeping.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from codemem_claude.transcript import usage_of
from codemem_core.api import MAY_GO_ON, STILL_OPEN_MS, InputError, epoch_ms, iso_time

# A record holds one tool result at most; the largest seen was 1.3 MB. What is longer is skipped.
MAX_LINE_BYTES = 32 * 1024 * 1024
# Tool calls that never got a result (the client was killed) must not pile up.
MAX_OPEN_CALLS = 512

Payload = dict[str, Any]

_COMMAND = re.compile(r"<command-name>\s*(/?[^<]+?)\s*</command-name>")
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_TAG = (
    r"(system-reminder|ide_[a-z_]+|local-command-[a-z]+|task-notification|bash-(?:input|std[a-z]+))"
)
# What the client adds begins a line, and a cut one the whole text; elsewhere a person names a tag.
_INJECTED = re.compile(
    rf"^[ \t]*<{_TAG}>.*?</\1>|\A\s*<{_TAG}>(?!.*</\2>).*", re.DOTALL | re.MULTILINE
)
_NOT_SAID = ("isMeta", "isSidechain", "isCompactSummary", "isVisibleInTranscriptOnly")
# Claude Code tells the model of these, but fires no hook for them.
_NO_HOOK = ("<tool_use_error>", "The user doesn't want to")
_TOOL_ERROR = re.compile(r"\A<tool_use_error>(.*)</tool_use_error>\Z", re.DOTALL)


def hook_payloads(
    path: str | Path,
    *,
    skipped: Counter[str] | None = None,
    everything: bool = False,
    known: set[int] | None = None,
) -> Iterator[Payload]:
    """Yield the hook payloads of a transcript, in order, each with the record's time as `ts`.

    `everything`: also what no hook told, in the same form: tools that were refused, as
    `AssistantText` what the assistant said between tools, as `Interrupted` that the user stopped
    the turn; with usage, without the transcript's path. `known`: records of other transcripts,
    which are left out; this one's are added. Streams: holds one line and the tool calls without a
    result. A record without a usable time gets that of the record before it, the first one that of
    the file. `skipped` counts lines that could not be used, by reason: `malformed lines`, `lines
    longer than 32 MiB`. Raises `OSError` when the file cannot be read.
    """
    with Path(path).open("rb") as lines:
        yield from _payloads(lines, str(path), skipped, everything=everything, known=known)


def stored_payloads(*, since_ms: int = 0, skipped: Counter[str] | None = None) -> Iterator[Payload]:
    """Yield everything in the transcripts that Claude Code keeps, session by session.

    The sessions of a project come in the order of their last change; those without one since
    `since_ms` (epoch milliseconds) are left out, and so is one that may be going on. `skipped`
    counts as in `hook_payloads`, files that could not be read as `unreadable files`, and sessions
    that may be going on.
    """
    skipped = Counter() if skipped is None else skipped
    now_ms = time.time_ns() // 1_000_000
    for folder in (config_folder() / "projects").glob("*"):
        yield from _of_folder(folder, since_ms, now_ms - STILL_OPEN_MS, skipped)


def _of_folder(
    folder: Path, since_ms: int, until_ms: int, skipped: Counter[str]
) -> Iterator[Payload]:
    """Yield one project's sessions; what a resumed or forked session copied only the first time."""
    found = []
    for path in folder.glob("*.jsonl"):
        with suppress(OSError):  # Claude Code deletes old ones meanwhile
            found.append((path.stat().st_mtime_ns // 1_000_000, path))
    if going_on := sum(changed_ms >= until_ms for changed_ms, _ in found):
        skipped[MAY_GO_ON] += going_on
    last = max((changed_ms for changed_ms, _ in found if changed_ms < until_ms), default=-1)
    if last < since_ms:
        return
    known: set[int] = set()
    for changed_ms, path in sorted(found):
        wanted = since_ms <= changed_ms < until_ms
        told = hook_payloads(
            path, skipped=skipped if wanted else None, everything=True, known=known
        )
        try:
            if wanted:
                yield from told
            else:
                deque(told, maxlen=0)  # only for the records it has
        except FileNotFoundError:
            continue  # Claude Code deletes old ones meanwhile
        except OSError:
            skipped["unreadable files"] += wanted


def config_folder() -> Path:
    """Return where Claude Code keeps its settings, plugins and transcripts."""
    return Path(os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude").expanduser()


def last_payloads(path: str | Path, *, max_bytes: int) -> Iterator[Payload]:
    """Yield everything in the last `max_bytes` of a transcript, as `hook_payloads` would."""
    with Path(path).open("rb") as lines:
        start = max(0, os.fstat(lines.fileno()).st_size - max_bytes)
        if start:
            lines.seek(start - 1)
            _drop_rest(lines)
        yield from _payloads(lines, str(path), None, everything=True)


def _payloads(
    lines: BinaryIO,
    path: str,
    skipped: Counter[str] | None,
    *,
    everything: bool,
    known: set[int] | None = None,
) -> Iterator[Payload]:
    changed_s = os.fstat(lines.fileno()).st_mtime
    replay = _Replay(path, ts=iso_time(int(changed_s * 1000)), everything=everything)
    own = set[int]()
    for record in _records(lines, skipped if skipped is not None else Counter()):
        record_id = hash(str(record.get("uuid") or id(record)))
        if known is None or record_id not in known:
            yield from replay.feed(record)
            own.add(record_id)
    yield from replay.end()
    if known is not None:
        known |= own


def _records(lines: BinaryIO, skipped: Counter[str]) -> Iterator[dict[str, Any]]:
    while line := lines.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            _drop_rest(lines)
            skipped["lines longer than 32 MiB"] += 1
            continue
        # A crash leaves NULs where a line should begin, a cut character one bad byte.
        text = line.strip(b"\0 \t\r\n").decode("utf-8", "replace")
        if not text:
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            skipped["malformed lines"] += 1
            continue
        if _is_conversation(record):
            yield record
        elif not isinstance(record, dict):
            skipped["malformed lines"] += 1


def _drop_rest(lines: BinaryIO) -> None:
    while (part := lines.readline(MAX_LINE_BYTES)) and not part.endswith(b"\n"):
        pass


def _is_conversation(record: object) -> bool:
    return (
        isinstance(record, dict)
        and record.get("type") in {"user", "assistant"}
        and isinstance(record.get("message"), dict)
        and isinstance(record.get("sessionId"), str)
        and not any(record.get(flag) for flag in _NOT_SAID)
    )


class _Replay:
    """Turns records into payloads; knows the open tool calls and what was said last."""

    def __init__(self, path: str, *, ts: str, everything: bool) -> None:
        self._path = path
        self._ts = ts
        self._everything = everything
        self._common: Payload = {}
        self._calls: dict[str, Payload] = {}
        self._slash: Payload | None = None
        self._said: list[Payload] = []
        """Texts of the message that may turn out to be the turn's last."""
        self._said_in: object = None
        self._counted: object = None
        """The message whose usage was told: each of its records repeats it."""

    def feed(self, record: dict[str, Any]) -> Iterator[Payload]:
        """Yield what the hooks sent when this record came to be."""
        started = not self._common
        self._remember(record)
        if started:
            yield self._payload("SessionStart", source="startup")
        if record["type"] == "assistant":
            yield from self._assistant(record)
        else:
            yield from self._user(record)

    def end(self) -> Iterator[Payload]:
        """Yield what closes the session."""
        if self._common:
            yield from self._stop()
            yield self._payload("SessionEnd", reason="other")

    def _remember(self, record: dict[str, Any]) -> None:
        fields = {
            "session_id": record["sessionId"],
            "transcript_path": None if self._everything else self._path,
            "cwd": record.get("cwd"),
            "prompt_id": record.get("promptId"),
            "ts": self._time(record.get("timestamp")),
        }
        known = {name: value for name, value in fields.items() if isinstance(value, str)}
        self._common = {**self._common, **known}

    def _time(self, given: object) -> str:
        """Return a record's time, or the last one known."""
        with suppress(InputError):
            if isinstance(given, str) and epoch_ms(given):
                self._ts = given
        return self._ts

    def _payload(self, event: str, **fields: Any) -> Payload:  # noqa: ANN401 - JSON
        return {**self._common, "hook_event_name": event, **fields}

    def _assistant(self, record: dict[str, Any]) -> Iterator[Payload]:
        if self._slash:
            yield self._slash
            self._slash = None
        message = record["message"]
        for block in _blocks(message.get("content")):
            if block.get("type") == "tool_use":
                yield from self._between()
                self._open_call(block)
            elif block.get("type") == "text" and not record.get("isApiErrorMessage"):
                yield from self._say(str(block.get("text", "")), record)

    def _open_call(self, block: dict[str, Any]) -> None:
        if len(self._calls) >= MAX_OPEN_CALLS:
            self._calls.pop(next(iter(self._calls)))
        if isinstance(block.get("id"), str):
            self._calls[block["id"]] = {
                "tool_name": str(block.get("name", "")),
                "tool_input": block.get("input"),
                "tool_use_id": block["id"],
            }

    def _say(self, text: str, record: dict[str, Any]) -> Iterator[Payload]:
        message = record["message"]
        if message.get("id") != self._said_in:
            yield from self._between()
        self._said_in = message.get("id")
        if text.strip():
            said = {"text": text, "uuid": record.get("uuid"), **self._usage(message)}
            self._said.append(self._payload("AssistantText", **said))

    def _usage(self, message: dict[str, Any]) -> Payload:
        """Return what the message cost, once."""
        usage = usage_of(message.get("usage"))
        if not self._everything or not usage or message.get("id") == self._counted:
            return {}
        self._counted = message.get("id")
        return {"usage": usage}

    def _between(self) -> Iterator[Payload]:
        """Yield what was said and was not the end of the turn: no hook told of it."""
        if self._everything:
            yield from self._said
        self._said.clear()

    def _user(self, record: dict[str, Any]) -> Iterator[Payload]:
        content = record["message"].get("content")
        for block in _blocks(content):
            if block.get("type") == "tool_result":
                yield from self._result(block, record)
        text = "\n".join(
            str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text"
        )
        if text.startswith("[Request interrupted by user"):
            yield from self._between()  # no Stop hook runs when the user presses Escape
            if self._everything:
                yield self._payload("Interrupted", text=text, uuid=record.get("uuid"))
        elif text.lstrip().startswith("<task-notification>"):
            yield from self._stop()  # the turn was over; the client itself asks for the next
        elif (name := _COMMAND.search(text)) and text.lstrip().startswith("<command-"):
            args = _COMMAND_ARGS.search(text)
            prompt = f"/{name[1].lstrip('/')} {args[1].strip() if args else ''}".strip()
            yield from self._stop()
            # Only what the assistant answers was sent to it; `/clear` and its kind fire no hook.
            self._slash = self._payload("UserPromptSubmit", prompt=prompt)
        elif text := _INJECTED.sub("", text).strip():
            yield from self._stop()
            self._slash = None
            yield self._payload("UserPromptSubmit", prompt=text)

    def _result(self, block: dict[str, Any], record: dict[str, Any]) -> Iterator[Payload]:
        call = self._calls.pop(str(block.get("tool_use_id")), None)
        if call is None:
            return
        text = _text(block.get("content"))
        if not block.get("is_error"):
            response = record.get("toolUseResult", text)
            yield self._payload("PostToolUse", **call, tool_response=response)
        elif self._everything or not text.startswith(_NO_HOOK):
            error = _TOOL_ERROR.sub(r"\1", text) if self._everything else text
            yield self._payload("PostToolUseFailure", **call, error=error, is_interrupt=False)

    def _stop(self) -> Iterator[Payload]:
        if self._said:
            last = self._said[-1]
            message = "\n\n".join(said["text"] for said in self._said).strip()
            stop = {"hook_event_name": "Stop", "stop_hook_active": False}
            common = {k: v for k, v in last.items() if k not in {"text", "uuid", "usage"}}
            usage = [{"usage": said["usage"]} for said in self._said if "usage" in said]
            yield {**common, **stop, "last_assistant_message": message, **(usage or [{}])[0]}
        self._said.clear()


def _blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return []
    return [block for block in content if isinstance(block, dict)]


def _text(content: object) -> str:
    return "\n".join(
        str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text"
    )
