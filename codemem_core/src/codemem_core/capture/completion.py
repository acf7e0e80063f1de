"""Fill in what a source's `normalize` gives today and an earlier version did not store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from codemem_core.errors import CodememError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.protocols import CompletingSource


def completed(plugins: Plugins, event: AdapterEvent) -> AdapterEvent:
    """Return the event as its source completes it; as it is where the source cannot."""
    record = plugins.ingest_sources().get(event.source)
    if record is None:
        return event
    try:
        source = plugins.source(event.source)
        if not isinstance(source, CompletingSource):
            return event
        return plugins.call(record, lambda: source.complete(event), quick=True)
    except CodememError:
        return event


def completed_events(plugins: Plugins, events: Iterable[RawEvent]) -> list[RawEvent]:
    """Return stored events with their common form completed."""
    return [_completed(plugins, event) for event in events]


def _completed(plugins: Plugins, event: RawEvent) -> RawEvent:
    if event.adapter is None:
        return event
    whole = completed(plugins, event.adapter)
    return event if whole is event.adapter else replace(event, adapter=whole, text="")
