"""Upgrade a store of version 1.0.0 under fire: `python benchmarks/upgrade.py [--events 1000000]`.

A database of that version is filled with events. Then hooks run one after the other while servers
of this version start, are killed at random moments (of the backup, of the schema steps, of filling
in rows) and start again, until all rows are filled in. `--old PATH` names a `codemem` of version
1.0.0, whose server runs at first: no other can start beside it. Printed: how long hooks took, what
became of each event, how long the upgrade took. No event may be lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from codemem_core.records.event import AdapterEvent
from codemem_core.store.engine.connection import APPLICATION_ID, rows
from codemem_core.store.engine.schema import steps

HERE = Path(sys.executable).with_name("codemem")
PER_STREAM = 1_000
HOOK_DEADLINE_S = 2.0
NOW_MS = 1_780_000_000_000


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--old", type=Path, help="a `codemem` of version 1.0.0")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    figures = measure(chosen.events, chosen.kills, old=chosen.old, seed=chosen.seed)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    if figures["lost"] or figures["doubled"] or figures["integrity"] != "ok":
        raise SystemExit(1)


def measure(events: int, kills: int, *, old: Path | None, seed: int) -> dict[str, Any]:
    """Return what an upgrade with so many kills cost, and what it left."""
    with tempfile.TemporaryDirectory(prefix="cm-") as home:
        environ = {
            "HOME": home,
            "PATH": os.environ["PATH"],
            "CODEMEM_DB": f"{home}/d/mem.sqlite",
            "CODEMEM_VIEWER_PORT": "0",
            "CODEMEM_VIEWER_AUTO": "0",
        }
        fill(Path(environ["CODEMEM_DB"]), events)
        with serving(old, environ) as beside, hooks(environ) as ran:
            draw = random.Random(seed)  # noqa: S311 - moments, not secrets
            if beside is not None:
                kill_while_upgrading(environ, 3, draw)
                beside.terminate()
                beside.wait()
            began = time.monotonic()
            killed = kill_while_upgrading(environ, kills, draw)
            completed_s = run_to_the_end(environ, began)
        subprocess.run([HERE, "queue", "flush"], env=environ, capture_output=True, check=False)
        return {
            "events": events,
            "beside_1_0_0": old is not None,
            "killed_at": killed,
            "completed_after_s": round(completed_s, 1),
            **ran.figures(),
            **audit(environ["CODEMEM_DB"], events, ran.sent),
        }


def fill(path: Path, events: int) -> None:
    """Make a database of version 1.0.0 with so many events, a thousand a stream, all flushed."""
    path.parent.mkdir(mode=0o700)
    db = apsw.Connection(str(path))
    rows(db, steps()[1])
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    db.execute("PRAGMA journal_mode = wal")
    with db:
        db.executemany(
            """INSERT INTO streams (id, source, stream_id, last_received_seq, last_flushed_seq)
               VALUES (?, 'claude', ?, ?, ?)""",
            ((n + 1, f"old-{n}", PER_STREAM - 1, PER_STREAM - 1)
             for n in range(-(-events // PER_STREAM))),
        )  # fmt: skip
        db.executemany(
            """INSERT INTO raw_events
                   (stream, seq, event_id, event_type, kind, origin, ts_ms, received_ms, payload)
               VALUES (?, ?, ?, 'claude.hook', 'tool_result', 'tool_repo', ?, ?, ?)""",
            (_row(number) for number in range(events)),
        )
    db.close()


def _row(number: int) -> tuple[Any, ...]:
    stream, seq = divmod(number, PER_STREAM)
    event = AdapterEvent(
        source="claude",
        session_id=f"old-{stream}",
        event_id=f"event-{number:08}",
        event_type="tool_result",
        ts="2026-11-22T08:00:00Z",
        payload={
            "tool_name": "Read",
            "status": "ok",
            "tool_input": {"file_path": f"/w/module_{number}.py"},
            "tool_output": f"def step_{number}():\n    return {number}\n" * 5,
        },
    )
    payload = json.dumps({"type": "claude.hook", "_adapter": event.to_json()})
    return stream + 1, seq, event.event_id, NOW_MS + number, NOW_MS + number, payload


@contextmanager
def serving(
    codemem: Path | None, environ: dict[str, str]
) -> Iterator[subprocess.Popen[bytes] | None]:
    """Run a server until the block ends; nothing without an executable."""
    if codemem is None:
        yield None
        return
    process = start(codemem, environ)
    time.sleep(2)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def start(codemem: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a server."""
    command = [str(codemem), "serve", "--port", "0"]
    return subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


class Hooks:
    """Runs hooks one after the other, until told to stop."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self._stopped = threading.Event()
        self.took_s: list[float] = []
        self.failed = 0
        self.sent: list[str] = []

    def run(self) -> None:
        """Send prompts; each stands for what its session must hold in the end."""
        while not self._stopped.wait(0.05):
            prompt = f"please do step {len(self.sent)} of the upgrade"
            payload = {
                "hook_event_name": "UserPromptSubmit",
                "session_id": "during",
                "prompt": prompt,
            }
            began = time.monotonic()
            done = subprocess.run(
                [HERE, "claude-hook-ingest"],
                input=json.dumps({**payload, "prompt": prompt}).encode(),
                env=self._environ,
                capture_output=True,
                check=False,
            )
            self.took_s.append(time.monotonic() - began)
            self.failed += done.returncode != 0
            self.sent.append(prompt)

    def stop(self) -> None:
        """End after the hook that runs."""
        self._stopped.set()

    def figures(self) -> dict[str, Any]:
        """Return how long they took."""
        ordered = sorted(self.took_s)
        return {
            "hooks": len(ordered),
            "hooks_failed": self.failed,
            "hook_p50_s": round(ordered[len(ordered) // 2], 3),
            "hook_worst_s": round(ordered[-1], 3),
            "hooks_over_deadline": sum(one > HOOK_DEADLINE_S + 0.2 for one in ordered),
        }


@contextmanager
def hooks(environ: dict[str, str]) -> Iterator[Hooks]:
    """Run hooks beside the block."""
    running = Hooks(environ)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join()


def kill_while_upgrading(
    environ: dict[str, str], kills: int, draw: random.Random
) -> dict[str, int]:
    """Kill servers at random moments; return how often in which state of the database."""
    found: dict[str, int] = {}
    longest_s = 0.5
    for _ in range(kills):
        process = start(HERE, environ)
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.05, longest_s))
        where = state(environ["CODEMEM_DB"])
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        found[where] = found.get(where, 0) + 1
        # While the schema is old, give it more time: the backup of a large store takes some.
        longest_s = longest_s * 1.5 if where.startswith("schema") else 4.0
    return found


def state(path: str) -> str:
    """Say which schema a database has, and whether rows wait to be filled in."""
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(60_000)
    try:
        version = db.execute("PRAGMA user_version").get
        if version < max(steps()):
            return f"schema {version}"
        [(left,)] = rows(db, "SELECT last_id - next_id + 1 FROM upgrades")
        return "rows being filled in" if left > 0 else "done"
    finally:
        db.close()


def run_to_the_end(environ: dict[str, str], began: float) -> float:
    """Run a server until all rows are filled in; return the seconds since `began`."""
    process = start(HERE, environ)
    try:
        while state(environ["CODEMEM_DB"]) != "done":
            if process.poll() is not None:
                raise SystemExit(f"the server ended: {process.returncode}")
            time.sleep(0.2)
        return time.monotonic() - began
    finally:
        process.terminate()
        process.wait()


def audit(path: str, events: int, sent: list[str]) -> dict[str, Any]:
    """Return what is missing, what is there twice, and what the checks of SQLite say."""
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    old = "SELECT count(*), count(DISTINCT event_id) FROM raw_events WHERE event_id LIKE 'event-%'"
    [(stored, distinct)] = rows(db, old)
    untyped = """SELECT count(*) FROM raw_events WHERE event_id LIKE 'event-%'
                    AND json_extract(payload, '$._adapter.payload.kind') IS NOT 'read'"""
    texts = """SELECT json_extract(payload, '$._adapter.payload.text') FROM raw_events e
                 JOIN streams s ON s.id = e.stream WHERE s.stream_id = 'during'"""
    during = [text for (text,) in rows(db, texts)]
    figures = {
        "lost": events - distinct + len(set(sent) - set(during)),
        "doubled": stored - distinct + len(during) - len(set(during)),
        "not_typed": rows(db, untyped)[0][0],
        "integrity": rows(db, "PRAGMA quick_check")[0][0],
    }
    db.close()
    return figures


if __name__ == "__main__":
    main()
