"""Bring a database to the current schema: numbered SQL steps, all of them in one transaction."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import APPLICATION_ID, rows
from codemem_core.store.engine.schema import steps, version
from codemem_core.store.engine.write_turns import in_turn


class OldSchema(StoreError):
    """The database has the schema of an earlier version, and this is not the time to change it."""

    hint = "codemem serve start"


def migrate(
    db: apsw.Connection,
    path: str,
    *,
    wanted: Mapping[int, str] | None = None,
    upgrade: bool = True,
) -> None:
    """Apply the steps the database has not had; do nothing when it is current.

    A database that holds something is backed up first. Killed at any moment it is the old one or
    the new one. `wanted` is for tests: the SQL of each step, instead of `steps()`. Raises
    `StoreError` for a database that is not ours, newer than this program or cannot be backed up,
    and without `upgrade` `OldSchema` for an older one.
    """
    wanted = wanted or steps()
    newest = max(wanted)
    number = version(db, path, newest=newest)
    if number == newest:
        return
    if number and not upgrade:
        raise OldSchema(f"the database waits for an upgrade: schema {number} in `{path}`")
    with in_turn(db):
        db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker: look again now that we hold the lock.
        number = version(db, path, newest=newest)
        if 0 < number < newest:
            # Imported here: only a new version of codemem needs it.
            from codemem_core.store.repair import backup  # noqa: PLC0415

            backup.make(path, why=f"before-schema-{newest}")
        for step in range(number + 1, newest + 1):
            rows(db, wanted[step])
            db.execute(f"PRAGMA user_version = {step}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("COMMIT")
    except BaseException:
        # A full or failing disk has rolled back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
