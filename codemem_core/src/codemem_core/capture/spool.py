"""A folder that keeps payloads while neither the server nor the database can take them.

Like a maildir: written and synced in `tmp/`, renamed into `new/`, so a reader never sees a part;
renamed into `cur/` by whoever stores it, so two never take the same one. The first line of a file
is the checksum of the rest, which is JSON: `source`, `payload`, and `form`, which is `hook` when it
is not there; `raw_event` is what a client would have posted. What cannot be used goes to `bad/`,
with the reason in an `.err` file beside it; `refused/` counts what a full spool did not take.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from codemem_core.capture import spool_files
from codemem_core.capture.delivery import Parcel, storable
from codemem_core.capture.fallback_lock import locked
from codemem_core.capture.intake import Intake
from codemem_core.capture.private_files import append_byte, open_folder, read_file, write_file
from codemem_core.capture.spool_files import Name
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError, StoreError
from codemem_core.redact import redact, strip_private
from codemem_core.store import events
from codemem_core.store.engine.store import Store

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
"""A payload that failed, or was in a process that died, so often is set aside."""
LARGEST = 8_000_000
"""Bytes of one file; the database takes 16 MB a value, and a hook clips its payload to 1 MB."""


class SpoolFull(CodememError):
    """The spool has reached one of its caps; the payload was not kept, but counted."""

    hint = "codemem queue spool drain"


@dataclass(slots=True)
class Drained:
    """What became of the payloads of one run."""

    stored: int = 0
    duplicate: int = 0
    skipped: int = 0
    """Held nothing worth keeping."""
    failed: int = 0
    """Will be tried again."""
    bad: int = 0
    """Set aside for good."""
    busy: bool = False
    """Another process is at it; nothing was done."""

    def count(self, outcome: str) -> None:
        """Add one to the field named `outcome`."""
        setattr(self, outcome, getattr(self, outcome) + 1)


@dataclass(frozen=True, slots=True)
class _Folders:
    """The open folders; files are only ever named relative to them."""

    tmp: int
    new: int
    cur: int
    bad: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a file holds."""

    source: str
    payload: object
    form: object
    """`raw_event`, or the payload of a hook."""
    written_ms: int


class Spool:
    """The spool at one place. Any number of processes may write to it; one at a time empties it."""

    def __init__(
        self, path: str, *, max_files: int, max_bytes: int, stale_s: float = 300.0
    ) -> None:
        self.path = path
        self._max_files = max_files
        self._max_bytes = max_bytes
        self._stale_s = stale_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the spool the settings name."""
        return cls(
            settings.path("claude_hook_spool_dir"),
            max_files=settings.number("spool_max_files"),
            max_bytes=settings.number("spool_max_bytes"),
            stale_s=settings.real("claude_hook_lock_ttl_s"),
        )

    def write(self, source: str, payload: Mapping[str, Any]) -> None:
        """Keep one hook payload of `source`; it is on disk, without its secrets, when this returns.

        Raises `SpoolFull`, `StoreError` when the place is not ours, `OSError` when the disk does
        not take it.
        """
        clean, _ = redact(strip_private(storable(payload)))
        body = json.dumps({"source": source, "payload": clean}).encode()
        data = _digest(body) + b"\n" + body
        name = Name.made(source, time.time_ns(), secrets.token_hex(4))
        with self._open() as folders:
            self._check_room(folders, name, len(data))
            write_file(str(name), data, folder=folders.tmp)
            os.rename(str(name), str(name), src_dir_fd=folders.tmp, dst_dir_fd=folders.new)
            os.fsync(folders.new)

    def drain(self, store: Store, intake: Intake, *, limit: int = 1000) -> Drained:
        """Store what waits, oldest first, at most `limit` payloads.

        A file is removed after its event is committed; stored twice it is still one event. Raises
        `StoreError` when the database takes nothing; everything stays then.
        """
        done = Drained()
        if not spool_files.anything(self.path):
            return done
        with self._open() as folders, locked(folders.cur) as alone:
            done.busy = not alone
            if alone:
                self._bring_back(folders)
                for name in sorted(os.listdir(folders.new))[:limit]:
                    self._take(name, folders, done, partial(_store, store=store, intake=intake))
        return done

    def retry_bad(self) -> int:
        """Give what was set aside another chance with the next `drain`; return how many."""
        with self._open() as folders:
            names = [name for name in os.listdir(folders.bad) if not name.endswith(".err")]
            for name in names:
                again = str(Name.parse(name).with_attempts(0)) if Name.parse(name).known else name
                os.rename(name, again, src_dir_fd=folders.bad, dst_dir_fd=folders.new)
                with suppress(FileNotFoundError):
                    os.unlink(f"{name}.err", dir_fd=folders.bad)
        return len(names)

    @contextmanager
    def _open(self) -> Iterator[_Folders]:
        paths = [self.path] + [os.path.join(self.path, name) for name in _Folders.__slots__]
        opened: list[int] = []
        try:
            for path in paths:
                opened.append(open_folder(path))
            yield _Folders(*opened[1:])
        finally:
            for folder in opened:
                os.close(folder)

    def _check_room(self, folders: _Folders, name: Name, size: int) -> None:
        """Refuse, and count as refused, what would break a cap."""
        files, held = spool_files.size(self.path)
        problem = ""
        if size > LARGEST:
            problem = f"a payload of {size} bytes is too large for the spool"
        elif files >= self._max_files or held + size > self._max_bytes:
            problem = f"the spool is full: {files} payloads, {held} bytes in `{self.path}`"
        if problem:
            append_byte(f"{name.day}.{name.source}", folder=folders.refused)
            raise SpoolFull(problem)

    def _bring_back(self, folders: _Folders) -> None:
        """Put back what a killed process had taken, or left whole but unnamed.

        Called under the lock, so whoever took a file in `cur/` is gone.
        """
        for name in os.listdir(folders.cur):
            os.rename(name, name, src_dir_fd=folders.cur, dst_dir_fd=folders.new)
        for name in os.listdir(folders.tmp):
            status = os.stat(name, dir_fd=folders.tmp, follow_symlinks=False)
            if abs(time.time() - status.st_mtime) > self._stale_s:
                os.rename(name, name, src_dir_fd=folders.tmp, dst_dir_fd=folders.new)

    def _take(
        self, name: str, folders: _Folders, done: Drained, store: Callable[[_Kept], str]
    ) -> None:
        """Claim one file, store what it holds, and remove it or put it where it belongs."""
        parsed = Name.parse(name)
        if parsed.attempts >= MAX_ATTEMPTS:
            done.bad += 1
            _set_aside(folders.new, name, f"failed {MAX_ATTEMPTS} times", folders)
            return
        taken = str(parsed.with_attempts(parsed.attempts + 1)) if parsed.known else name
        try:
            os.rename(name, taken, src_dir_fd=folders.new, dst_dir_fd=folders.cur)
        except FileNotFoundError:
            return  # somebody with another lock was quicker
        try:
            outcome = store(self._read(taken, folders.cur))
        except InputError as error:
            done.bad += 1
            _set_aside(folders.cur, taken, str(error), folders)
        except StoreError:
            os.rename(taken, name, src_dir_fd=folders.cur, dst_dir_fd=folders.new)
            raise
        except CodememError as error:
            # A plugin is broken or missing; whatever else is raised stays in `cur/` and counts too.
            done.failed += 1
            log.warning("spooled payload `%s` failed: %s", taken, error)
            os.rename(taken, taken, src_dir_fd=folders.cur, dst_dir_fd=folders.new)
        else:
            done.count(outcome)
            with suppress(FileNotFoundError):
                os.unlink(taken, dir_fd=folders.cur)

    def _read(self, name: str, folder: int) -> _Kept:
        """Return what a file holds; raises `InputError` when it is not as written."""
        digest, _, body = read_file(name, folder=folder, largest=LARGEST).partition(b"\n")
        if digest != _digest(body):
            raise InputError("damaged or cut off: the checksum is wrong")
        try:
            kept = json.loads(body)
            form, written_ms = kept.get("form", "hook"), Name.parse(name).written_ns // 1_000_000
            return _Kept(str(kept["source"]), kept["payload"], form, written_ms)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"not a spooled payload: {error}") from error


def _store(kept: _Kept, *, store: Store, intake: Intake) -> str:
    """Store one payload and name the count of `Drained` it belongs to."""
    parcel = Parcel(
        source=None if kept.form == "raw_event" else kept.source,
        payload=kept.payload,
        require_id=True,
        received_ms=kept.written_ms,
    )
    found = intake.read(parcel, store)
    if not found:
        return "skipped"
    now_ms = time.time_ns() // 1_000_000
    appended = store.write(partial(events.append, events=found, now_ms=now_ms))
    return "stored" if appended.inserted else "duplicate"


def _set_aside(folder: int, name: str, reason: str, folders: _Folders) -> None:
    log.warning("spooled payload set aside: `%s`: %s", name, reason)
    os.rename(name, name, src_dir_fd=folder, dst_dir_fd=folders.bad)
    with suppress(FileExistsError):
        write_file(f"{name}.err", f"{reason}\n".encode(), folder=folders.bad)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
