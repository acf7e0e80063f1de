"""The hooks that offer something, and the record that each returns."""

from __future__ import annotations

from codemem_core.config.setting import Setting
from codemem_core.records.seams import (
    AuthSource,
    BackgroundWorker,
    ChangeFollower,
    Command,
    Embedder,
    FlushPolicy,
    HealthCheck,
    HostSetup,
    IngestSource,
    ObserverRuntime,
    Page,
    Route,
    SeamRecord,
)

Record = SeamRecord | Setting

SEAMS: dict[str, type[Record]] = {
    "codemem_settings": Setting,
    "codemem_ingest_sources": IngestSource,
    "codemem_flush_policies": FlushPolicy,
    "codemem_observer_runtimes": ObserverRuntime,
    "codemem_auth_sources": AuthSource,
    "codemem_changes": ChangeFollower,
    "codemem_workers": BackgroundWorker,
    "codemem_embedders": Embedder,
    "codemem_commands": Command,
    "codemem_viewer_routes": Route,
    "codemem_viewer_pages": Page,
    "codemem_host_setups": HostSetup,
    "codemem_health_checks": HealthCheck,
}
"""Hook name -> the record it returns, in the order an event travels."""


def names(record: Record) -> tuple[str, ...]:
    """Return what must be unique in a record; the first is its name."""
    return (record.key, record.env) if isinstance(record, Setting) else (record.path,)
