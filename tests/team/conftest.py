"""What the tests of teams share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from team.homes import MEMBERS, OWNER, Home, Server, programs

HomeMaker = Callable[..., Home]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run a PostgreSQL for all tests; skip them where there is none."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL on this machine: install Debian's package `postgresql`")
    with tempfile.TemporaryDirectory(prefix="codemem-pg-", ignore_cleanup_errors=True) as folder:
        running = Server(Path(folder), found)
        running.start()
        with psycopg.connect(running.url("postgres", "postgres"), autocommit=True) as connection:
            for login in (OWNER, *MEMBERS):
                connection.execute(f"CREATE ROLE {login} LOGIN".encode())
        yield running
        running.kill()


@pytest.fixture
def pg(server: Server) -> Server:
    """Lend the server with an empty database."""
    server.make_database()
    return server


@pytest.fixture
def make_home(pg: Server, tmp_path: Path) -> Iterator[HomeMaker]:
    """Make machines that take part in the team `acme`."""
    homes: list[Home] = []

    def make(login: str = "alice", *, role: str = "member") -> Home:
        if not homes:
            pg.make_team()
        pg.add_member(login, role)
        database = tmp_path / f"{login}-{len(homes)}" / "mem.sqlite"
        homes.append(Home.open(database, pg.url(login), login))
        homes[-1].join()
        return homes[-1]

    yield make
    for home in homes:
        home.store.close()
