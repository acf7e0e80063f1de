"""What is new in the database, told to everybody who listens.

It asks the database, not the code that writes: the command line, hooks without a server and other
processes write too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import apsw
from litestar.response import ServerSentEventMessage

from codemem_core.errors import CodememError
from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows

LOOK_S = 0.25
"""`PRAGMA data_version` costs 5 µs; the rest is asked only when it has changed."""
BEAT_S = 15.0
"""A silent stream says a word now and then, or nobody would notice that its reader is gone."""
WAITING = 100
"""News a slow listener may have waiting; then it is told to look for itself."""

LATE_MS = 2_000
"""A change may be committed so long after the moment it is dated with."""

_MEMORIES = """
    SELECT id, updated_ms, kind, title, project, active FROM memories
     WHERE updated_ms >= ? ORDER BY updated_ms DESC LIMIT 50
"""
_BATCHES = """
    SELECT b.id, b.updated_ms, b.state, s.source, s.stream_id, b.error_kind
      FROM batches b JOIN streams s ON s.id = b.stream
     WHERE b.updated_ms >= ? ORDER BY b.updated_ms DESC LIMIT 50
"""
_LATEST = """
    SELECT max(coalesce((SELECT max(updated_ms) FROM memories), 0),
               coalesce((SELECT max(updated_ms) FROM batches), 0))
"""
_FLUSH = {"claimed": "flush started", "completed": "flush ended", "failed": "flush failed",
          "dead": "flush failed"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened.

    `memory`, `flush started`, `flush ended`, `flush failed`, `backlog`, `settings`, or `lost`: the
    listener was too slow and should look for itself.
    """

    name: str
    values: dict[str, Any]

    def message(self) -> ServerSentEventMessage:
        """Return it as a server-sent event."""
        return ServerSentEventMessage(event=self.name, data=json.dumps(self.values))


class Live:
    """Watches the database as long as somebody listens."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listeners: set[asyncio.Queue[News | None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._closed = False

    def tell(self, news: News) -> None:
        """Tell every listener; call it in the event loop."""
        for queue in self._listeners:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(News("lost", {}))
            queue.put_nowait(news)

    def close(self) -> None:
        """End every stream: the server is stopping."""
        self._closed = True
        for queue in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(None)

    async def listen(self) -> AsyncIterator[ServerSentEventMessage]:
        """Yield server-sent events until the server stops."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(WAITING + 2)
        self._listeners.add(queue)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            yield ServerSentEventMessage(event="hello", data="{}", retry=1000)
            while not self._closed:
                try:
                    news = await asyncio.wait_for(queue.get(), BEAT_S)
                except TimeoutError:
                    yield ServerSentEventMessage(comment="still here", data=None)
                    continue
                if news is not None:
                    yield news.message()
        finally:
            self._listeners.discard(queue)

    async def _look(self) -> None:
        with contextlib.closing(_Watcher(self._path)) as watcher:
            while self._listeners and not self._closed:
                for news in await asyncio.to_thread(watcher.look):
                    self.tell(news)
                await asyncio.sleep(LOOK_S)


class _Watcher:
    """Compares the database with what it was at the last look."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: apsw.Connection | None = None
        self._version = -1
        self._since_ms = 0
        self._told: set[tuple[Any, ...]] = set()
        self._waiting: tuple[int, int] | None = None

    def look(self) -> list[News]:
        """Return what happened since the last look; the first one returns nothing."""
        try:
            first = self._db is None
            if self._db is None:
                self._db = connect(self._path, readonly=True)
            version = self._db.execute("PRAGMA data_version").get
            if version == self._version:
                return []
            self._version = version
            news = list(self._news(self._db))
        except (CodememError, apsw.Error):
            return []  # damaged or locked: whoever asks for a page hears of it
        return [] if first else news

    def _news(self, db: apsw.Connection) -> Iterator[News]:
        since_ms = self._since_ms or rows(db, _LATEST)[0][0]
        memories = rows(db, _MEMORIES, (since_ms - LATE_MS,))
        batches = rows(db, _BATCHES, (since_ms - LATE_MS,))
        told, self._told = self._told, {*memories, *batches}
        self._since_ms = max((row[1] for row in self._told), default=since_ms)
        for row in reversed(memories):
            if row not in told:
                memory_id, _, kind, title, project, active = row
                values = {"id": memory_id, "kind": kind, "title": title, "project": project}
                yield News("memory", values | {"active": bool(active)})
        for row in reversed(batches):
            batch, _, state, source, stream_id, error_kind = row
            if row not in told and state in _FLUSH:
                values = {"batch": batch, "source": source, "stream_id": stream_id}
                yield News(_FLUSH[state], values | {"error_kind": error_kind})
        waiting = events.totals(db)
        if waiting != self._waiting:
            self._waiting = waiting
            yield News("backlog", {"sessions": waiting[0], "pending": waiting[1]})

    def close(self) -> None:
        """Close the connection."""
        if self._db is not None:
            self._db.close(True)
