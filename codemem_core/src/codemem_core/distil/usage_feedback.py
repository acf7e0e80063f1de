"""What a session did with the memories it was told.

Only what happened after counts, and a file only when the session had not touched it before: a
memory that was told because its files were being worked on is no cause of more work on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apsw

from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.store import receipts
from codemem_core.store.receipts import Receipt, Use

_OPENERS = ("memory_get", "memory_get_observations", "memory_expand")
"""Tools that show a memory in full; finding it in a list is no use yet."""
_CITED = re.compile(r"(?i)\bmemor(?:y|ies)\s+(?:no\.?\s*|number\s+)?[\[#(]{0,2}(\d{1,12})\b")


def note_uses(db: apsw.Connection, key: StreamKey, events: Sequence[RawEvent]) -> None:
    """Note what the events of stream `key` did with what it was told before them."""
    told = receipts.unused(db, key)
    if not told:
        return
    found: dict[int, Use] = {}
    for event in events:
        for use in _uses(event, told):
            if use.memory_id not in found and _is_news(db, key, event, use, told):
                found[use.memory_id] = use
    receipts.use(db, key, found.values())


def _uses(event: RawEvent, told: Sequence[Receipt]) -> Iterator[Use]:
    """Yield what one event does with any of the memories that were told before it."""
    if event.adapter is None or event.ts_ms is None:
        return
    how, ids = _named(event.common_type, event.common)
    paths = _touched(event.common)
    for receipt in told:
        if receipt.told_ms >= event.ts_ms:
            continue
        if receipt.memory_id in ids:
            yield Use(memory_id=receipt.memory_id, at_ms=event.ts_ms, how=how)
        elif _shared(paths, receipt.files, event.cwd):
            yield Use(memory_id=receipt.memory_id, at_ms=event.ts_ms, how="files")


def _named(event_type: str, body: Mapping[str, Any]) -> tuple[str, set[int]]:
    """Return the ids that a model opened or wrote about, and which of the two."""
    if event_type == "assistant":
        return "cited", {int(one) for one in _CITED.findall(str(body.get("text", "")))}
    given = body.get("tool_input")
    opens = body.get("kind") == "memory" and str(body.get("tool_name", "")).endswith(_OPENERS)
    if event_type != "tool_result" or not opens or not isinstance(given, Mapping):
        return "", set()
    asked = given.get("ids")
    ids = [*(asked if isinstance(asked, list) else []), given.get("memory_id")]
    return "opened", {int(one) for one in ids if str(one).isdecimal()}


def _touched(body: Mapping[str, Any]) -> list[str]:
    """Return the files a tool read or changed."""
    if body.get("status") != "ok":
        return []
    return [str(path) for name in ("files_read", "files_changed") for path in body.get(name) or ()]


def _shared(paths: Iterable[str], files: Iterable[str], cwd: str | None) -> list[str]:
    """Return those of the files that are among the paths; hosts name them absolute or relative."""
    here = [path.removeprefix(f"{cwd.rstrip('/')}/") if cwd else path for path in paths]
    return [
        file
        for file in files
        if any(path == file or ("/" in file and path.endswith(f"/{file}")) for path in here)
    ]


def _is_news(
    db: apsw.Connection,
    key: StreamKey,
    event: RawEvent,
    use: Use,
    told: Sequence[Receipt],
) -> bool:
    """Say whether a use of files is the first time that the session turned to them."""
    if use.how != "files":
        return True
    receipt = next(one for one in told if one.memory_id == use.memory_id)
    before = receipts.touched_before(db, key, told_ms=receipt.told_ms)
    return not _shared(before, receipt.files, event.cwd)
