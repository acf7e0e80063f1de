"""The core's own plugin: what codemem can do by itself goes through the same hooks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codemem_core.config.catalog import TABLE
from codemem_core.config.setting import Setting
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import FlushPolicy


@hookimpl
def codemem_settings() -> Iterable[Setting]:
    """Offer every setting of the reference."""
    return TABLE


@hookimpl(trylast=True)
def codemem_project(cwd: str | None, payload: Mapping[str, Any]) -> str | None:
    """Take the user's word, else the repository or folder, else the host's word."""
    from codemem_core.project import project_label  # noqa: PLC0415 - commands without events

    named = payload.get("project")
    return project_label(
        cwd=cwd, payload_project=named if isinstance(named, str) else None, environ=os.environ
    )


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """Flush a session that its host says is due, or that has been quiet for a while."""
    yield FlushPolicy(
        name="requested",
        target="codemem_core.policies.requested:Requested",
        help="Flush a session when the hook that sent its newest event asks for it.",
    )
    yield FlushPolicy(
        name="debounce",
        target="codemem_core.policies.debounce:Debounce",
        help="With `raw_events_auto_flush`: flush `raw_events_debounce_ms` after the last event.",
    )
    yield FlushPolicy(
        name="idle",
        target="codemem_core.policies.idle:Idle",
        help="Flush a session after `raw_events_sweeper_idle_ms` without an event.",
    )
