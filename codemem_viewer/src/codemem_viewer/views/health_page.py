"""Health: does everything that comes in become memories, and what needs a person."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import apsw
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from codemem_core._version import __version__
from codemem_core.capture import spool_files
from codemem_core.config.settings import Settings
from codemem_core.plugins.examine import HealthScope, examine
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_core.store.health import failures, file_bytes, open_batches
from codemem_core.store.stats import stats
from codemem_viewer.negotiate import shown

STREAMS = 50
_WAL_BYTES = 64_000_000
_LATE_MS = 3_600_000
_ADVICE = {
    "auth": "Give the observer a credential: `codemem config set observer_auth_source …`.",
    "rate_limited": "Nothing to do: codemem waits as long as the provider asks.",
    "unreachable": "Nothing to do when the network is down; else look at `observer_base_url`.",
    "transient": "Nothing to do: it is tried again, later each time.",
    "permanent": "The provider refuses the request: look at `observer_model`.",
    "poison": "The server ended while it worked on these events; look into its log.",
    "bug": "This is a defect of codemem: please report it.",
}


@get("/api/pages/health", sync_to_thread=True)
def health(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    plugins: NamedDependency[Plugins],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show the queue, the ledger, files, plugins, versions and what the doctor finds."""
    spooled, refused = spool_files.counts(settings.path("claude_hook_spool_dir"))
    with store.read() as db:
        counts = stats(db, spooled=spooled, refused=refused)
        waiting = events.backlog(db, limit=STREAMS)
        batches = open_batches(db, limit=STREAMS)
        failed = failures(db)
        streams, pending = events.totals(db)
    files = file_bytes(store.path)
    # The server looks through the whole database once a day itself: `lifespan.Watch`.
    examined = examine(HealthScope(settings, plugins, store.path, whole=False))
    findings = [each for each in examined if not each.ok]
    findings += [*_of_queue(waiting), *_of_files(files)]
    needs_person = any(each.dead or each.kind not in _BY_ITSELF for each in failed)
    values = {
        "status": "attention" if findings or needs_person else "waiting" if pending else "well",
        "findings": findings,
        "looked_at": sorted({each.name for each in examined}),
        "backlog": {"sessions": streams, "pending": pending, "streams": _streams(waiting)},
        "batches": batches,
        "failures": [asdict(each) | {"advice": _ADVICE.get(each.kind, "")} for each in failed],
        "reliability": counts["reliability"],
        "ledger": counts["ledger"],
        "database": {**counts["database"], "files": files},
        "plugins": plugins.listing(),
        "versions": _versions(),
        "now_ms": time.time_ns() // 1_000_000,
    }
    return shown(request, "health.html", values)


_BY_ITSELF = frozenset({"rate_limited", "unreachable", "transient"})
"""Error classes that pass without anybody doing anything."""


def _streams(waiting: Iterable[events.Backlog]) -> list[dict[str, Any]]:
    names = ("source", "stream_id", "project", "last_event_ms", "pending")
    return [
        {name: getattr(stream, name) for name in names} | {"batches": dict(stream.batches)}
        for stream in waiting
    ]


def _of_queue(waiting: list[events.Backlog]) -> Iterator[Check]:
    now_ms = time.time_ns() // 1_000_000
    late = [s for s in waiting if s.last_event_ms and now_ms - s.last_event_ms > _LATE_MS]
    if late:
        many = "1 session has" if len(late) == 1 else f"{len(late)} sessions have"
        yield _bad("queue", f"{many} waited for a flush for over an hour", "codemem serve restart")


def _of_files(files: dict[str, int]) -> Iterator[Check]:
    if files["wal"] > _WAL_BYTES:
        yield _bad("files", "the write-ahead log is large", "codemem serve restart")


def _bad(name: str, text: str, hint: str) -> Check:
    return Check(name=name, ok=False, text=text, hint=hint)


def _versions() -> dict[str, str]:
    return {
        "codemem": __version__,
        "Python": platform.python_version(),
        "SQLite": apsw.sqlite_lib_version(),
        "Litestar": version("litestar"),
        "uvicorn": version("uvicorn"),
    }


router = Router("/", route_handlers=[health], tags=["pages"])
