"""What can be mended without asking: nothing is lost by any of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from codemem_cli.health.checks import not_private
from codemem_core.capture import spool_files
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.errors import CodememError
from codemem_core.plugins.examine import HealthScope
from codemem_core.store.engine.store import Store
from codemem_core.store.repair.check import check
from codemem_core.store.repair.recover import repair_index


def mend(scope: HealthScope) -> Iterator[str]:
    """Mend what is safe to mend and say each thing that was done."""
    for path, mode in not_private(scope):
        os.chmod(path, mode)
        yield f"made private: `{path}`"
    if os.path.exists(scope.database):
        yield from _index(scope)
    yield from _spool(scope)


def _index(scope: HealthScope) -> Iterator[str]:
    try:
        health = check(scope.database, quick=True)
        if not health.damage and not health.index_in_step:
            repair_index(scope.database)
            yield "made the search index anew"
    except CodememError:
        return  # the examination says what is wrong


def _spool(scope: HealthScope) -> Iterator[str]:
    kept = Spool.of(scope.settings)
    if not spool_files.status(kept.path).waiting:
        return
    try:
        with Store.open(scope.database) as store:
            done = kept.drain(store, Intake(scope.plugins), limit=1_000_000)
    except CodememError:
        return
    if not done.busy:
        yield f"stored {done.stored} payloads that waited in the spool"
