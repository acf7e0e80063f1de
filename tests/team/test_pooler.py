"""Sharing through PgBouncer, which gives each transaction whatever connection is free."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from team.homes import MEMBERS, Home, Server, settings_for

from codemem_core.distil import manual
from codemem_team import client

HomeMaker = Callable[..., Home]

# One connection for each login: whoever needs a session of their own would wait for ever.
_SETTINGS = """
[databases]
codemem = host={server} dbname=codemem
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 1
"""


@pytest.fixture
def pooler(pg: Server) -> Iterator[str]:
    """Run PgBouncer before the server; skip the test where there is none."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no PgBouncer on this machine: install Debian's package `pgbouncer`")
    user = 65534 if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="codemem-pool-") as name:
        folder = Path(name)
        (folder / "users").write_text("".join(f'"{login}" ""\n' for login in MEMBERS))
        (folder / "ini").write_text(_SETTINGS.format(server=pg.folder, folder=folder))
        if user is not None:
            for path in (folder, folder / "users", folder / "ini"):
                os.chown(path, user, user)
        process = subprocess.Popen([program, "-q", "ini"], cwd=folder, user=user)
        try:
            url = f"host={folder} port=6432 dbname=codemem"
            wait_for(f"{url} user={MEMBERS[0]}")
            yield url
        finally:
            process.terminate()
            process.wait()


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    give_up_at = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
        else:
            return


def through(pooler: str, home: Home) -> Home:
    """Let a home reach its team through the pooler."""
    return replace(home, settings=settings_for(f"{pooler} user={home.login}"))


def test_memories_travel_through_a_pooler_in_transaction_mode(
    make_home: HomeMaker, pooler: str
) -> None:
    """While each login has another connection open: both take turns on one."""
    alice, bob = (through(pooler, make_home(login)) for login in ("alice", "bob"))
    alice.share()
    with client.connected(alice.settings), client.connected(bob.settings):
        kept = alice.remember("Exports round VAT once per rate")
        gone = alice.remember("The staging database listens on port 6432")
        alice.sync()
        bob.sync()
        manual.change(alice.store, kept, {"title": "Exports round VAT per invoice"}, by="cli")
        manual.forget(alice.store, gone, by="cli")
        alice.sync()
        bob.sync()

    assert bob.titles() == ["Exports round VAT per invoice"]
    assert bob.history() == alice.history()
