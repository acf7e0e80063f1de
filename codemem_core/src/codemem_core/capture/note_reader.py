"""Read what hooks noted of themselves into the database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import apsw

from codemem_core import paths, tracing
from codemem_core.hookpath import notes as hooknotes
from codemem_core.records.event import StreamKey
from codemem_core.store import hook_times, receipts, usage
from codemem_core.store.engine.store import Store
from codemem_core.store.memories import work_tokens
from codemem_core.store.usage import Usage

_LARGEST = 1 << 40


def take(store: Store) -> int:
    """Write waiting notes into the database and return how many there were.

    They are figures: a crash in the middle may lose some of them, and counts none twice.
    """
    path = paths.hook_notes_path(store.path)
    taken = f"{path}.taken"
    try:
        os.rename(path, taken)
        with open(taken, "rb") as file:
            raw = file.read(2 * hooknotes.MOST_BYTES)
        os.unlink(taken)
    except FileNotFoundError:
        return 0
    notes = list(_notes(raw))
    if notes:
        store.write(lambda db: _write(db, notes))
    return len(notes)


def told(db: apsw.Connection, key: StreamKey, pack: Mapping[str, Any], *, at_ms: int) -> None:
    """Record which memories went into a prompt of stream `key` (source, stream id).

    `pack`: `ids`, `tokens`, and what else is known of it: `project`, `hook`.
    """
    work = work_tokens(db, pack["ids"])
    paid = Usage(
        event="pack",
        source=key[0],
        stream_id=key[1],
        tokens_read=pack["tokens"],
        tokens_saved=max(0, work - pack["tokens"]),
        metadata={
            "pack_item_ids": pack["ids"],
            "pack_tokens": pack["tokens"],
            "project": pack.get("project"),
            "hook": pack.get("hook", ""),
        },
    )
    usage.record(db, paid, now_ms=at_ms)
    receipts.add(db, key, pack["ids"], now_ms=at_ms)


def held_out(db: apsw.Connection, key: StreamKey, *, at_ms: int) -> None:
    """Record that a prompt of stream `key` (source, stream id) got nothing on purpose."""
    usage.record(db, Usage(event=usage.HOLDOUT, source=key[0], stream_id=key[1]), now_ms=at_ms)


def _write(db: apsw.Connection, notes: list[dict[str, Any]]) -> None:
    for each in notes:
        hook_times.add(
            db, each["source"], each["hook"], took_ms=each["took_ms"], at_ms=each["at_ms"]
        )
        _trace(each)
        if each.get("held_out") is True:
            held_out(db, StreamKey(each["source"], each.get("stream_id", "")), at_ms=each["at_ms"])
        if each.get("ids"):
            told(db, StreamKey(each["source"], each["stream_id"]), each, at_ms=each["at_ms"])


def _trace(each: Mapping[str, Any]) -> None:
    """Tell of a hook's run, and of what it put into the prompt."""
    stream = StreamKey(each["source"], each.get("stream_id", ""))
    began_ms, ended_ms = each["at_ms"] - each["took_ms"], each["at_ms"]
    tracing.past(
        "codemem.hook", stream=stream, began_ms=began_ms, ended_ms=ended_ms,
        codemem__hook=each["hook"], codemem__memories=len(each.get("ids", [])),
        codemem__tokens=each.get("tokens", 0),
    )  # fmt: skip


def _notes(raw: bytes) -> Iterator[dict[str, Any]]:
    """Yield the usable lines: another program of this user may have written to the file."""
    for line in raw.splitlines():
        with suppress(ValueError, RecursionError):
            note = json.loads(line)
            if isinstance(note, dict) and _fits(note):
                yield note


def _fits(note: dict[str, Any]) -> bool:
    numbers = [note.get("at_ms"), note.get("tokens", 0), *_ids(note)]
    texts = [note.get("source"), note.get("hook"), note.get("stream_id", ""), note.get("project")]
    took_ms = note.get("took_ms")
    return (
        all(type(each) is int and 0 <= each < _LARGEST * 1000 for each in numbers)
        and all(isinstance(each, str | None) for each in texts)
        and bool(texts[0] and texts[1])
        and isinstance(took_ms, int | float)
        and 0 <= took_ms < _LARGEST
        and (not note.get("stream_id") or {"ids", "tokens"} <= note.keys())
    )


def _ids(note: dict[str, Any]) -> list[Any]:
    ids = note.get("ids", [])
    return ids if isinstance(ids, list) else [None]
