"""What the tests of teams share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from team.homes import MEMBERS, OWNER, Home, Server, programs

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store
from codemem_team import plugin
from codemem_team.commands.team import take_part

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
        settings = Settings.load({**os.environ, "CODEMEM_TEAM_URL": pg.url(login)})
        Plugins.only(plugin, settings=settings)  # brings its settings
        store = Store.open(str(tmp_path / f"{login}-{len(homes)}" / "mem.sqlite"), threaded=True)
        take_part(store, settings, "acme", label=f"{login}'s machine")
        homes.append(Home(store, settings, login))
        return homes[-1]

    yield make
    for home in homes:
        home.store.close()
