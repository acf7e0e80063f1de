"""Whether the agents of this machine reach codemem."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from codemem_core.errors import CodememError, NotFound
from codemem_core.records.protocols import Check
from codemem_core.store.engine.connection import connect, rows

if TYPE_CHECKING:
    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.protocols import Installer


def checks(plugins: Plugins, database: str) -> Iterator[tuple[str, Check]]:
    """Yield, with the agent's name, what each installed agent needs; one not here needs nothing.

    An agent that never sent an event and has nothing of codemem is no fault: not everybody wants
    it everywhere.
    """
    for name, record in sorted(plugins.host_setups().items()):
        try:
            installer = cast("Installer", plugins.make(record))
            if not plugins.call(record, installer.found):
                continue
            changes = plugins.call(record, installer.changes)
            if changes and not _heard_of(database, name):
                text = f"there, but does not use codemem; `codemem setup {name}` connects it"
                yield name, Check(ok=True, text=text)
                continue
            found = plugins.call(record, partial(_all, installer, database))
        except CodememError as error:
            yield name, Check(ok=False, text=str(error), hint=error.hint)
            continue
        yield from ((name, check) for check in found)


def _all(installer: Installer, database: str) -> list[Check]:
    # A generator would run outside of the guard.
    return list(installer.checks(database=database))


def _heard_of(database: str, name: str) -> bool:
    try:
        db = connect(database, readonly=True)
    except NotFound:
        return False
    try:
        return bool(rows(db, "SELECT 1 FROM streams WHERE source = ? LIMIT 1", (name,)))
    finally:
        db.close()
