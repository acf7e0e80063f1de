"""Tables that plugins keep in the database, made and upgraded by numbered steps of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping

import apsw

from codemem_core.errors import StoreError
from codemem_core.store.engine.connection import rows

_CREATED = re.compile(r"CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)\s+(\w+)", re.IGNORECASE)


def ensure(db: apsw.Connection, plugin: str, steps: Mapping[int, str]) -> None:
    """Bring a plugin's tables to its newest step; does nothing when they are there.

    Steps are SQL by number, from 1 on. What they create is named `PLUGIN_…`. Call it in a
    transaction. Raises `StoreError` for tables that a newer version of the plugin made.
    """
    newest = max(steps)
    number = version(db, plugin)
    if number > newest:
        raise StoreError(
            f"the tables of `{plugin}` are newer than it: step {number}, it knows {newest}",
            hint=f"upgrade `{plugin}`",
        )
    for step in range(number + 1, newest + 1):
        strangers = [name for name in _CREATED.findall(steps[step]) if not _owned(name, plugin)]
        if strangers:
            raise StoreError(f"a table of `{plugin}` must be named `{plugin}_…`: {strangers[0]}")
        rows(db, steps[step])
    if number < newest:
        db.execute(
            "INSERT INTO plugin_tables (plugin, version) VALUES (?, ?)"
            " ON CONFLICT (plugin) DO UPDATE SET version = excluded.version",
            (plugin, newest),
        )


def version(db: apsw.Connection, plugin: str) -> int:
    """Return the step a plugin's tables are at; 0: there are none."""
    found = rows(db, "SELECT version FROM plugin_tables WHERE plugin = ?", (plugin,))
    return int(found[0][0]) if found else 0


def _owned(name: str, plugin: str) -> bool:
    return name.startswith(f"{plugin}_")
