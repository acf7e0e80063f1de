"""Figures for Prometheus: counts, sizes and times; no text of anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import apsw
from litestar import Router, get
from litestar.di import NamedDependency

from codemem_core.capture import spool_files
from codemem_core.config.settings import Settings
from codemem_core.store import health, hook_times, ledger, service_levels, usage
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_core.store.ledger import Entry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CHARS_A_TOKEN = 4
_EVER = "0000-00-00"
_KINDS = "SELECT kind, count(*) FROM memories WHERE active = 1 GROUP BY kind ORDER BY kind"
_STATES = "SELECT state, count(*) FROM batches GROUP BY state ORDER BY state"
_PENDING = "SELECT coalesce(sum(last_received_seq - last_flushed_seq), 0) FROM streams"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its samples."""

    name: str
    type: str
    """`counter`, `gauge` or `summary`."""
    help: str
    samples: Iterable[tuple[Mapping[str, str], float]] = field(default_factory=tuple)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the exposition format."""
        yield f"# HELP codemem_{self.name} {self.help}"
        yield f"# TYPE codemem_{self.name} {self.type}"
        for labels, value in self.samples:
            told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"codemem_{self.name}{f'{{{told}}}' if told else ''} {value:.15g}"


@get("/api/metrics", media_type=CONTENT_TYPE, sync_to_thread=True)
def metrics(store: NamedDependency[Store], settings: NamedDependency[Settings]) -> str:
    """Return the figures of this store in the text format of Prometheus."""
    spooled, refused = spool_files.counts(settings.path("claude_hook_spool_dir"))
    with store.read() as db:
        found = [
            *_queue(db, ledger.entries(db, spooled=spooled, refused=refused)),
            *_memories(db),
            *_cost(db),
        ]
    files = [({"file": name}, size) for name, size in health.file_bytes(store.path).items()]
    found.append(Metric("database_bytes", "gauge", "Size of the database's files.", files))
    return "\n".join(line for metric in found for line in metric.lines()) + "\n"


def _queue(db: apsw.Connection, entries: Iterable[Entry]) -> Iterator[Metric]:
    by_source: dict[tuple[str, str], int] = {}
    for entry in entries:
        for outcome in ledger.COUNTS:
            key = (entry.source, outcome)
            by_source[key] = by_source.get(key, 0) + getattr(entry, outcome)
    counted = [({"source": one, "outcome": what}, n) for (one, what), n in by_source.items()]
    yield Metric("events_total", "counter", "Events by what became of them.", counted)
    [(pending,)] = rows(db, _PENDING)
    yield Metric("events_pending", "gauge", "Events that wait for a flush.", [({}, pending)])
    states = [({"state": state}, count) for state, count in rows(db, _STATES)]
    yield Metric("batches", "gauge", "Batches by state.", states)
    lag = service_levels.lag(db)
    yield Metric(
        "write_to_readable_seconds",
        "summary",
        "From an event's receipt until its memories can be read, of the newest 1,000 batches.",
        [({"quantile": "0.5"}, lag.p50_ms / 1000), ({"quantile": "0.99"}, lag.p99_ms / 1000)],
    )
    yield Metric("hook_seconds", "summary", "How long hooks took.", _hooks(db))


def _hooks(db: apsw.Connection) -> Iterator[tuple[Mapping[str, str], float]]:
    for times in hook_times.by_hook(db, since=_EVER):
        source, _, hook = times.name.partition(" ")
        for quantile, took_ms in (("0.5", times.half_ms), ("0.95", times.most_ms)):
            yield {"source": source, "hook": hook, "quantile": quantile}, took_ms / 1000


def _memories(db: apsw.Connection) -> Iterator[Metric]:
    kinds = [({"kind": kind}, count) for kind, count in rows(db, _KINDS)]
    yield Metric("memories", "gauge", "Memories by kind.", kinds)
    sizes = service_levels.sizes(db)
    mean = sizes.text_bytes / sizes.memories if sizes.memories else 0.0
    yield Metric("memory_bytes", "gauge", "Text of a memory, mean.", [({}, mean)])
    yield Metric(
        "memory_tokens", "gauge", "Tokens of a memory, estimated, mean.",
        [({}, mean / _CHARS_A_TOKEN)],
    )  # fmt: skip
    told, used = service_levels.receipts(db)
    yield Metric("memories_told_total", "counter", "Memories told to a session.", [({}, told)])
    yield Metric("memories_used_total", "counter", "Of those, used after that.", [({}, used)])


def _cost(db: apsw.Connection) -> Iterator[Metric]:
    spent = usage.spent(db, since_ms=0)
    yield Metric("observer_tokens_total", "counter", "Tokens of observers.", [({}, spent.tokens)])
    yield Metric("observer_usd_total", "counter", "Their price.", [({}, spent.usd)])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


router = Router("/", route_handlers=[metrics], tags=["stats"])
