"""Health: does everything that comes in become memories, and what needs a person."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import apsw
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from codemem_core._version import __version__
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store import events
from codemem_core.store.health import OpenBatch, file_bytes, open_batches
from codemem_core.store.stats import stats
from codemem_core.store.store import Store
from codemem_viewer.shown import shown

STREAMS = 50
_WAL_BYTES = 64_000_000
_LATE_MS = 3_600_000
_ADVICE = {
    "auth": "give the observer a credential: `codemem config set observer_auth_source …`",
    "rate_limited": "nothing to do: codemem waits as long as the provider asks",
    "permanent": "the provider refuses the request: look at `observer_model`",
    "bug": "this is a defect of codemem: please report it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know."""

    level: str
    """`attention` or `note`."""
    text: str
    advice: str = ""


@get("/api/pages/health", sync_to_thread=True)
def health(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    plugins: NamedDependency[Plugins],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show the queue, the ledger, files, versions and what is wrong."""
    with store.read() as db:
        counts = stats(db)
        waiting = events.backlog(db, limit=STREAMS)
        batches = open_batches(db, limit=STREAMS)
        streams, pending = events.totals(db)
    files = file_bytes(store.path)
    findings = [*_of_batches(batches), *_of_queue(waiting), *_of_files(files)]
    findings += [Finding("attention", problem) for problem in plugins.problems]
    for wrong in counts["ledger"]["differences"]:
        text = (
            f"the ledger of {wrong['source']} is {wrong['events']} events off: {wrong['problem']}"
        )
        findings.append(Finding("attention", text, "`codemem doctor`"))
    findings += [Finding("attention", problem) for problem in settings.problems]
    attention = any(finding.level == "attention" for finding in findings)
    values = {
        "status": "attention" if attention else "waiting" if pending else "well",
        "findings": findings,
        "backlog": {"sessions": streams, "pending": pending, "streams": _streams(waiting)},
        "batches": batches,
        "reliability": counts["reliability"],
        "ledger": counts["ledger"],
        "database": {**counts["database"], "files": files},
        "versions": _versions(),
        "now_ms": time.time_ns() // 1_000_000,
    }
    return shown(request, "health.html", values)


def _streams(waiting: Iterable[events.Backlog]) -> list[dict[str, Any]]:
    names = ("source", "stream_id", "project", "last_event_ms", "pending")
    return [
        {name: getattr(stream, name) for name in names} | {"batches": dict(stream.batches)}
        for stream in waiting
    ]


def _of_batches(batches: list[OpenBatch]) -> Iterator[Finding]:
    for kind in dict.fromkeys(batch.error_kind or "" for batch in batches):
        failed = [b for b in batches if b.error_kind == kind and b.state in {"failed", "dead"}]
        if failed:
            dead = sum(batch.state == "dead" for batch in failed)
            many = "1 flush" if len(failed) == 1 else f"{len(failed)} flushes"
            text = f"{many} failed ({kind}): {failed[0].error}"
            level = "note" if kind == "rate_limited" and not dead else "attention"
            yield Finding(level, text, _ADVICE.get(kind, ""))


def _of_queue(waiting: list[events.Backlog]) -> Iterator[Finding]:
    now_ms = time.time_ns() // 1_000_000
    late = [s for s in waiting if s.last_event_ms and now_ms - s.last_event_ms > _LATE_MS]
    if late:
        yield Finding("note", f"{len(late)} sessions have waited for a flush for over an hour")


def _of_files(files: dict[str, int]) -> Iterator[Finding]:
    if files["wal"] > _WAL_BYTES:
        yield Finding("attention", "the write-ahead log is large", "`codemem serve restart`")


def _versions() -> dict[str, str]:
    return {
        "codemem": __version__,
        "Python": platform.python_version(),
        "SQLite": apsw.sqlite_lib_version(),
        "Litestar": version("litestar"),
        "uvicorn": version("uvicorn"),
    }


router = Router("/", route_handlers=[health], tags=["pages"])
