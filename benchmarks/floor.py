"""The floor: what a server that does hardly anything can do on this machine.

Litestar, uvicorn and one writer thread with group commit, on the pragmas of the real store; no
guard, no checks, no plugins, no ledger: `python benchmarks/floor.py DATABASE SOCKET`.

`FLOOR_REDACTS=1`: it takes the secrets out of each event, by the rules and shortcuts of the real
server. `FLOOR_STORES=0`: it stores nothing. uvicorn as it comes, with its parser in Python;
`FLOOR_HTTP=httptools` gives it ours.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar, post
from litestar.params import RawBody

from codemem_core.redact import Shortcut, redact, strip_private
from codemem_core.store.engine.connection import connect
from codemem_viewer.decode import json_text
from codemem_viewer.plain import is_plain

TABLE = "CREATE TABLE events (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, payload TEXT NOT NULL)"
INSERT = "INSERT OR IGNORE INTO events (event_id, payload) VALUES (?, ?)"
REDACTS = os.environ.get("FLOOR_REDACTS") == "1"
STORES = os.environ.get("FLOOR_STORES") != "0"
ROWS = list[tuple[str, str]]
queue: SimpleQueue[tuple[ROWS, Future[None]]] = SimpleQueue()


def write(path: str) -> None:
    """Commit what has queued up, together, and answer for each."""
    db = connect(path)
    db.execute(TABLE)
    while True:
        group = [queue.get()]
        while not queue.empty() and len(group) < 64:
            group.append(queue.get())
        with db:
            for rows, _ in group:
                db.executemany(INSERT, rows)
        for _, future in group:
            future.set_result(None)


def clean(payload: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a payload without its secrets."""
    text = json_text(payload)
    if is_plain(text):
        return payload
    if "private" in text.lower():
        payload = strip_private(payload)
    return redact(payload, shortcut=Shortcut(is_plain))[0]


@post("/api/raw-events", status_code=200)
async def receive(body: RawBody) -> dict[str, int]:
    """Store the events as they came; the answer comes after the COMMIT."""
    sent = msgspec.json.decode(body)
    if REDACTS:
        for each in sent["events"]:
            each["payload"] = clean(each["payload"])
    if not STORES:
        return {"received": len(sent["events"])}
    rows = [(each["event_id"], json.dumps(each["payload"])) for each in sent["events"]]
    future: Future[None] = Future()
    queue.put((rows, future))
    await asyncio.wrap_future(future)
    return {"received": len(rows)}


if __name__ == "__main__":
    threading.Thread(target=write, args=(sys.argv[1],), daemon=True).start()
    app = Litestar([receive], logging_config=None, openapi_config=None)
    uvicorn.run(
        app,
        uds=sys.argv[2],
        http=os.environ.get("FLOOR_HTTP", "h11"),
        access_log=False,
        log_config=None,
        lifespan="off",
    )
