"""A folder that keeps payloads while neither the server nor the database can take them.

Like a maildir: written and synced in `tmp/`, renamed into `new/`, so a reader never sees a part.
What cannot be read or understood goes to `bad/`.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from codemem_core.errors import InputError
from codemem_core.ingest.accept import Intake, storable
from codemem_core.redact import redact, strip_private
from codemem_core.store import events
from codemem_core.store.store import Store


def write(folder: str, source: str, payload: Mapping[str, Any]) -> None:
    """Keep one hook payload of `source`; it is on disk, without its secrets, when this returns.

    Raises `OSError` when the disk does not take it.
    """
    clean, _ = redact(strip_private(storable(payload)))
    for name in ("", "tmp", "new"):
        os.makedirs(os.path.join(folder, name), mode=0o700, exist_ok=True)
    name = f"{time.time_ns()}-{os.getpid()}-{secrets.token_hex(4)}.json"
    draft, final = os.path.join(folder, "tmp", name), os.path.join(folder, "new", name)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
    with open(descriptor, "wb") as file:
        file.write(json.dumps({"source": source, "payload": clean}).encode())
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, final)
    _sync_folder(os.path.join(folder, "new"))


def drain(folder: str, store: Store, intake: Intake, *, limit: int = 1000) -> int:
    """Store what waits in the spool, oldest first, and return how many payloads that was.

    A file is removed after its event is committed; stored twice it is still one event.
    """
    drained = 0
    for path in _waiting(folder)[:limit]:
        try:
            kept = _read(path)
            event = intake.hook(kept["source"], kept["payload"])
        except (InputError, ValueError, KeyError, TypeError):
            os.makedirs(os.path.join(folder, "bad"), mode=0o700, exist_ok=True)
            os.rename(path, os.path.join(folder, "bad", os.path.basename(path)))
            continue
        if event is not None:
            store.write(partial(events.append, events=[event], now_ms=time.time_ns() // 1_000_000))
        os.unlink(path)
        drained += 1
    return drained


def _waiting(folder: str) -> list[str]:
    place = os.path.join(folder, "new")
    try:
        return [os.path.join(place, name) for name in sorted(os.listdir(place))]
    except FileNotFoundError:
        return []


def _read(path: str) -> Any:  # noqa: ANN401
    with open(path, "rb") as file:
        return json.loads(file.read())


def _sync_folder(path: str) -> None:
    """Make a rename durable: the folder's own entry has to reach the disk too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
