"""The server's tables: numbered SQL steps, applied by their owner."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

from codemem_core.errors import StoreError
from codemem_team.client import Cursor, transaction

_STEP = re.compile(r"(\d{4})_\w+\.sql")


_LOCK = 0x636F6465  # "code": one `init` at a time


@cache
def steps() -> dict[int, str]:
    """Return the SQL of each step of the server's schema by its number."""
    found = {}
    for path in files("codemem_team").joinpath("schema").iterdir():
        if match := _STEP.fullmatch(path.name):
            found[int(match[1])] = path.read_text(encoding="utf-8")
    return found


def schema_version(cursor: Cursor) -> int:
    """Return the step the server is at; 0: it has no schema of ours."""
    cursor.execute("SELECT to_regclass('codemem.schema_version') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return 0
    cursor.execute("SELECT coalesce(max(version), 0) FROM codemem.schema_version")
    return int((cursor.fetchone() or (0,))[0])


def upgrade(connection: psycopg.Connection[Any]) -> list[int]:
    """Apply the steps the server has not had, as the owner, and return their numbers.

    Raises `StoreError` for a schema that is newer than this program.
    """
    wanted = steps()
    with transaction(connection) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        number = schema_version(cursor)
        _refuse_newer(number, max(wanted))
        applied = list(range(number + 1, max(wanted) + 1))
        for step in applied:
            cursor.execute(wanted[step].encode())
            cursor.execute("INSERT INTO codemem.schema_version (version) VALUES (%s)", (step,))
    return applied


def require_current(cursor: Cursor) -> None:
    """Raise `StoreError` unless the server has exactly the schema this program knows."""
    newest = max(steps())
    try:
        cursor.execute("SELECT coalesce(max(version), 0) FROM codemem.schema_version")
        number = int((cursor.fetchone() or (0,))[0])
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        number = 0
    _refuse_newer(number, newest)
    if number < newest:
        raise StoreError(
            f"the team's server has an older schema: step {number}, this codemem needs {newest}",
            hint="its owner runs `codemem team init`",
        )


def _refuse_newer(number: int, newest: int) -> None:
    if number > newest:
        raise StoreError(
            f"the team's server is newer than this codemem: step {number}, it knows {newest}",
            hint="upgrade codemem",
        )
