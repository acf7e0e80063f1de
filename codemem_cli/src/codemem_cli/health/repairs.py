"""What can be mended without asking: nothing is lost by any of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from codemem_cli.health.checks import Patient, not_private
from codemem_core.capture import spool_files
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.errors import CodememError
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import check
from codemem_core.store.repair.recover import repair_index


def mend(patient: Patient) -> Iterator[str]:
    """Mend what is safe to mend and say each thing that was done."""
    for path, mode in not_private(patient):
        os.chmod(path, mode)
        yield f"made private: `{path}`"
    if os.path.exists(patient.database):
        yield from _index(patient)
    yield from _spool(patient)


def _index(patient: Patient) -> Iterator[str]:
    try:
        health = check(patient.database, quick=True)
        if not health.damage and not health.index_in_step:
            repair_index(patient.database)
            yield "made the search index anew"
    except CodememError:
        return  # the examination says what is wrong


def _spool(patient: Patient) -> Iterator[str]:
    kept = Spool.of(patient.settings)
    if not spool_files.status(kept.path).waiting:
        return
    try:
        with Store.open(patient.database) as store:
            done = kept.drain(store, Intake(patient.plugins), limit=1_000_000)
    except CodememError:
        return
    if not done.busy:
        yield f"stored {done.stored} payloads that waited in the spool"
