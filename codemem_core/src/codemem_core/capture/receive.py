"""The one way in: what a host sent becomes events, and is stored."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import apsw

from codemem_core.capture import delivery
from codemem_core.capture.delivery import Naming, Parcel
from codemem_core.capture.intake import Intake
from codemem_core.errors import InputError
from codemem_core.records.event import RawEvent
from codemem_core.store import events, ledger
from codemem_core.store.engine.store import Store
from codemem_core.store.events import Appended

_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of many parcels."""

    stored: int
    duplicates: int
    """Events that were stored already."""
    refused: int
    """Parcels that are no payload of their host."""


def receive(store: Store, intake: Intake, parcel: Parcel) -> Appended:
    """Store what is in a parcel; returns after the COMMIT.

    Raises `InputError`, having entered the loss in the ledger, when it is no payload of its host.
    """
    now_ms = time.time_ns() // 1_000_000
    try:
        found = intake.read(parcel, store)
    except InputError:
        store.write(partial(refuse, parcel=parcel, naming=intake.naming, now_ms=now_ms))
        raise
    return store.write(partial(events.append, events=found, now_ms=now_ms))


def receive_all(store: Store, intake: Intake, parcels: Iterable[Parcel]) -> Received:
    """Store many parcels in one transaction; what is no payload of its host is left out.

    Returns after the COMMIT. Refused parcels are entered in the ledger, and raise nothing.
    """
    now_ms = time.time_ns() // 1_000_000
    found: list[RawEvent] = []
    refused: list[Parcel] = []
    for parcel in parcels:
        try:
            found += intake.read(parcel, store)
        except InputError:
            refused.append(parcel)

    def write(db: apsw.Connection) -> Appended:
        for each in refused:
            refuse(db, each, intake.naming, now_ms=now_ms)
        return events.append(db, found, now_ms=now_ms)

    done = store.write(write)
    return Received(stored=done.inserted, duplicates=done.duplicates, refused=len(refused))


def refuse(db: apsw.Connection, parcel: Parcel, naming: Naming, *, now_ms: int) -> None:
    """Enter a refused parcel in the ledger: all its events are lost.

    They count for the source it names, if that is one we know how to write down.
    """
    named, lost = (
        ({parcel.source}, 1) if parcel.source else delivery.sources_of(parcel.payload, naming)
    )
    source = named.pop() if len(named) == 1 else "unknown"
    known = source if _SOURCE.fullmatch(source) else "unknown"
    ledger.count(db, known, rejected=lost, now_ms=now_ms)
