"""Bytes of a session in the database, against its transcript: `python benchmarks/storage.py`.

Recorded sessions (`--sessions FOLDER`), else made-up ones, are taken and distilled by `extractive`;
the database is compacted before it is measured. Beside the whole: what events, the verbatim index
and memories take of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import apsw
from recorded import Payload, sessions

from codemem_core.api import Intake, Parcel
from codemem_core.commands.host import Host
from codemem_core.flush.flusher import Flusher
from codemem_core.store import events
from codemem_core.store.engine.connection import connect, rows
from codemem_core.store.engine.store import Store

GOAL = 0.55
_PARTS = """
    SELECT CASE WHEN name LIKE 'raw_events%' THEN 'events'
                WHEN name LIKE 'messages%' THEN 'verbatim index'
                WHEN name LIKE 'memories%' THEN 'memories' ELSE 'the rest' END AS part,
           sum(pgsize)
      FROM dbstat GROUP BY part
"""


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=Path, help="recorded sessions; made up without")
    options.add_argument("--count", type=int, default=40)
    chosen = options.parse_args()
    sys.stdout.write(json.dumps(measure(chosen.sessions, count=chosen.count), indent=2) + "\n")


def measure(folder: Path | None, *, count: int) -> dict[str, Any]:
    """Return bytes of transcripts and of the database, and the ratio."""
    found = sessions(folder, count)
    with tempfile.TemporaryDirectory(prefix="cm-") as home:
        database = f"{home}/mem.sqlite"
        fill(database, found)
        db = connect(database)
        db.limit(apsw.SQLITE_LIMIT_ATTACHED, 1)  # VACUUM attaches its copy
        db.execute("VACUUM")
        parts = dict(rows(db, _PARTS))
        db.close()
    raw = _transcript_bytes(folder, found)
    whole = sum(parts.values())
    shares = {name: round(size / raw, 3) for name, size in parts.items()}
    return {
        "sessions": len(found),
        "transcripts": raw,
        "database": whole,
        "ratio": round(whole / raw, 3),
        "goal": GOAL,
        **shares,
    }


def fill(database: str, found: list[list[Payload]]) -> None:
    """Take and distil the sessions."""
    host = Host(environ={"CODEMEM_DB": database, "CODEMEM_OBSERVER_RUNTIME": "extractive"})
    intake = Intake(host.plugins)
    with Store.open(database) as store:
        flusher = Flusher(store, host.plugins, host.settings)
        for number, payloads in enumerate(found):
            for payload in payloads:
                sent = {**payload, "session_id": f"s-{number}"}
                parcel = Parcel(source="claude", payload=sent, past=True)
                new = intake.parse(parcel)
                store.write(partial(events.append, events=new, now_ms=1))
            flusher.flush("claude", f"s-{number}")


def _transcript_bytes(folder: Path | None, found: list[list[Payload]]) -> int:
    if folder is None:
        return sum(len(json.dumps(payload)) for payloads in found for payload in payloads)
    ids = {payload["session_id"] for payloads in found for payload in payloads}
    paths = [path for path in folder.rglob("*.jsonl") if any(one[:8] in path.name for one in ids)]
    return sum(path.stat().st_size for path in paths)


if __name__ == "__main__":
    main()
