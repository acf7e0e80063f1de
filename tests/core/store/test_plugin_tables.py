"""Tables that plugins keep in the database."""

from __future__ import annotations

import pytest

from codemem_core.errors import StoreError
from codemem_core.store import plugin_tables
from codemem_core.store.engine.store import Store

FIRST = "CREATE TABLE mirror_log (id INTEGER PRIMARY KEY);"
SECOND = "ALTER TABLE mirror_log ADD COLUMN at_ms INTEGER;"


def test_tables_are_made_and_upgraded_once(store: Store) -> None:
    """Each step runs when it is new."""
    store.write(lambda db: plugin_tables.ensure(db, "mirror", {1: FIRST}))

    for _ in range(2):
        store.write(lambda db: plugin_tables.ensure(db, "mirror", {1: FIRST, 2: SECOND}))

    with store.read() as db:
        assert plugin_tables.version(db, "mirror") == 2
        assert db.execute("SELECT count(at_ms) FROM mirror_log").get == 0


def test_tables_of_a_newer_plugin_are_refused(store: Store) -> None:
    """An older one would misread them."""
    store.write(lambda db: plugin_tables.ensure(db, "mirror", {1: FIRST, 2: SECOND}))

    with pytest.raises(StoreError, match="newer"):
        store.write(lambda db: plugin_tables.ensure(db, "mirror", {1: FIRST}))


def test_a_plugin_makes_no_tables_of_others(store: Store) -> None:
    """Their names begin with its own."""
    with pytest.raises(StoreError, match="must be named"):
        store.write(lambda db: plugin_tables.ensure(db, "mirror", {1: "CREATE TABLE log (id);"}))
