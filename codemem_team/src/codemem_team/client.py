"""How the team's server is reached: time-outs, verified TLS, transactions that cannot hang."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError

_CONNECT_S = 10


_STATEMENT_MS = 30_000


_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")


Cursor: TypeAlias = psycopg.Cursor[tuple[Any, ...]]


class ServerAway(CodememError):
    """The server does not answer, or did not end what it was asked."""

    hint = "nothing is lost: it is tried again, and everything else works without it"


@contextmanager
def connected(settings: Settings) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Lend a connection to the team's server; raises `ServerAway` for whatever goes wrong.

    It works through a pooler: nothing of a session is used beyond a transaction.
    """
    try:
        with psycopg.connect(
            conninfo(settings), autocommit=True, prepare_threshold=None
        ) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise CodememError(f"the team's server refuses: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise ServerAway(f"the team's server: {_first_line(error)}") from error


def conninfo(settings: Settings) -> str:
    """Return how to connect: as set, with time-outs, and verified TLS unless it is this machine."""
    given = settings.text("team_url") or ""
    try:
        conninfo_to_dict(given)
    except psycopg.Error:
        # libpq repeats the whole string, with its password.
        raise CodememError(
            "`team_url` is no connection string", hint="`service=NAME`, or a URL as libpq reads it"
        ) from None
    resolved = _resolved(given)
    defaults: dict[str, str | int] = {
        "connect_timeout": _CONNECT_S,
        "application_name": "codemem",
        "keepalives_idle": 30,
        "tcp_user_timeout": 20_000,
    }
    chosen = {name: value for name, value in defaults.items() if not resolved.get(name)}
    if not is_local(resolved) and resolved.get("sslmode") in {None, "", "prefer"}:
        chosen["sslmode"] = "verify-full"
        if not resolved.get("sslrootcert"):
            chosen["sslrootcert"] = "system"
    return make_conninfo(given, **chosen)


def is_local(resolved: dict[str, str]) -> bool:
    """Say whether a server is reached without a network."""
    hosts = (resolved.get("hostaddr") or resolved.get("host") or "").split(",")
    return all(host in _LOOPBACK or host.startswith(("/", "@")) for host in hosts)


def _resolved(given: str) -> dict[str, str]:
    """Return each option as libpq sees it, with its service file and environment."""
    connection = pq.PGconn.connect_start(given.encode())
    try:
        found = {one.keyword.decode(): one.val for one in connection.info}
    finally:
        connection.finish()
    return {name: value.decode() for name, value in found.items() if value}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


@contextmanager
def transaction(connection: psycopg.Connection[Any]) -> Iterator[Cursor]:
    """Run the block in one transaction that cannot hang."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true),"
            " set_config('idle_in_transaction_session_timeout', %s, true)",
            (str(_STATEMENT_MS), str(_STATEMENT_MS)),
        )
        yield cursor
