"""Measure sharing over PostgreSQL: `python benchmarks/team.py [--records 5000]`.

It starts a PostgreSQL of its own (Debian's package) with its usual `fsync`, and compares with what
the server does bare: the same bytes by INSERT and COPY into a table without policies. The last part
runs a hook as a process in turns: in a home without a team, and in one whose server is away.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psycopg

# Instead of this folder: `team` is the package of the tests, not this file.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from team.fleet import words
from team.homes import MEMBERS, OWNER, Home, Server, programs

from codemem_team import client, log, outbox, postgres, server_schema
from codemem_team.postgres import Sent
from codemem_team.worker import TeamWorker

LAG_ROUNDS = 30
POLLS = 100
IDLE_DEVICES = 200
HOOK_ROUNDS = 40
CODEMEM = str(Path(sys.executable).with_name("codemem"))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=5_000)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory(prefix="codemem-team-") as folder, serving(folder) as server:
        alice, bob = home(server, folder, "alice"), home(server, folder, "bob")
        throughput(server, alice, bob, records)
        hot_path(server, folder)
        lag(alice, bob, listens=False)
        lag(alice, bob, listens=True)
        polls(server, alice)


@contextmanager
def serving(folder: str) -> Iterator[Server]:
    """Run a PostgreSQL with a team."""
    found = programs()
    if found is None:
        raise SystemExit("no PostgreSQL on this machine: install Debian's package `postgresql`")
    place = Path(folder) / "pg"
    place.mkdir()
    Path(folder).chmod(0o755)
    server = Server(place, found)
    server.start(fsync=True)
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        for login in (OWNER, *MEMBERS):
            connection.execute(f"CREATE ROLE {login} LOGIN".encode())
    server.make_database()
    server.make_team()
    yield server
    server.kill()


def home(server: Server, folder: str, login: str) -> Home:
    """Make a machine that shares a project."""
    server.add_member(login, "member")
    made = Home.open(Path(folder) / login / "mem.sqlite", server.url(login), login)
    made.join()
    made.share()
    return made


def tell(what: str, figure: str, note: str = "") -> None:
    """Print a line of the table."""
    sys.stdout.write(f"{what:44}{figure:>14}  {note}\n")
    sys.stdout.flush()


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- throughput ----------------------------------------------------------------------------------


def throughput(server: Server, alice: Home, bob: Home, records: int) -> None:
    """Push and pull against what the server does bare."""
    chance = random.Random(1)
    for _ in range(records):
        alice.remember(words(chance, 6), words(chance, 40))
    alice.store.write(outbox.take_waiting)
    with alice.store.read() as db:
        waiting = log.queued(db, alice.member(), limit=-1)
    sent = [Sent(each, None, postgres.plain_body(each)) for each in waiting]
    size = sum(len(each.body) for each in sent)
    tell("records, bytes of a body", f"{len(sent):,}", f"{size / len(sent):.0f}")
    with psycopg.connect(server.url(OWNER), autocommit=True) as connection:
        insert_s = bare_insert(connection, sent)
        copy_s = bare_copy(connection, sent)
    push_s = timed(alice.sync)
    pull_s = transfer(bob)
    whole_s = timed(bob.sync)
    per_s = {"COPY, bare table": copy_s, "INSERT, bare table, batches of 500": insert_s}
    per_s |= {"push, the whole round": push_s, "pull, transfer alone": pull_s}
    per_s |= {"pull and apply, the whole round": whole_s}
    for what, seconds in per_s.items():
        tell(f"{what}, records/s", f"{len(sent) / seconds:,.0f}", f"{copy_s / seconds:.2f} of COPY")
    tell("push against bare INSERT", f"{insert_s / push_s:.2f}")


_BARE = """
    CREATE TABLE bare_{name} (
        team uuid, device uuid, idx bigint, author name, role text, kind text, subject uuid,
        hlc bigint, key_id integer, body bytea, stored_at timestamptz DEFAULT clock_timestamp(),
        PRIMARY KEY (team, device, idx))
"""


def row(each: Sent) -> tuple[object, ...]:
    """Return a record as a row."""
    one = each.record
    return (one.subject, one.device, one.idx, one.author, one.role, one.kind, one.subject, one.hlc,
            each.key_id, each.body)  # fmt: skip


def bare_insert(connection: psycopg.Connection[tuple[object, ...]], sent: list[Sent]) -> float:
    """Return the seconds that the same rows take in a table without policies or checks."""
    connection.execute(_BARE.format(name="insert").encode())
    query = "INSERT INTO bare_insert VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    began = time.perf_counter()
    for at in range(0, len(sent), 500):
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(query, [row(each) for each in sent[at : at + 500]])
    return time.perf_counter() - began


def bare_copy(connection: psycopg.Connection[tuple[object, ...]], sent: list[Sent]) -> float:
    """Return the seconds that they take by COPY, in one go."""
    connection.execute(_BARE.format(name="copy").encode())
    columns = "team, device, idx, author, role, kind, subject, hlc, key_id, body"
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(f"COPY bare_copy ({columns}) FROM STDIN") as to:
        for each in sent:
            to.write_row(row(each))
    return time.perf_counter() - began


def transfer(bob: Home) -> float:
    """Return the seconds that fetching all records takes, without applying them."""
    one, positions = bob.member(), {}
    began = time.perf_counter()
    with client.connected(bob.settings) as connection:
        while True:
            with client.transaction(connection) as cursor:
                found = postgres.pull(cursor, one, positions, limit=500)
            if not found:
                return time.perf_counter() - began
            positions |= {each.record.device: each.record.idx for each in found}


# --- polls and lag -------------------------------------------------------------------------------


def polls(server: Server, alice: Home) -> None:
    """Time an empty look, on an open connection and on a new one, and what idle devices cost."""
    from codemem_team.sync import sync  # noqa: PLC0415

    team = alice.member().team
    with client.connected(alice.settings) as connection:
        open_ms = [1000 * timed(lambda: sync(alice.store, connection, team)) for _ in range(POLLS)]
        asked_ms = [1000 * timed(lambda: ask(connection, alice)) for _ in range(POLLS)]
    with server.as_login("alice") as bare:
        bare_ms = [1000 * timed(lambda: one_statement(bare)) for _ in range(POLLS)]
    tell("a transaction of SELECT 1, ms", f"{median(bare_ms):.2f}", "p50")
    fresh_ms = [1000 * timed(alice.sync) for _ in range(POLLS // 3)]
    tell("empty poll, statements alone, ms", f"{median(asked_ms):.2f}", "p50")
    tell("empty poll, open connection, ms", f"{median(open_ms):.2f}", "p50, with its local writes")
    tell("empty poll, new connection, ms", f"{median(fresh_ms):.2f}", "p50")
    with server.as_login("alice") as connection:
        for number in range(IDLE_DEVICES):
            postgres.add_device(connection.cursor(), team, label=f"idle {number}", public_key=None)
    with client.connected(alice.settings) as connection:
        many_ms = [1000 * timed(lambda: ask(connection, alice)) for _ in range(POLLS)]
    poll_ms = median(fresh_ms) - median(asked_ms) + median(many_ms)
    tell(f"the same, {IDLE_DEVICES} devices in the team, ms", f"{median(many_ms):.2f}", "p50")
    share = IDLE_DEVICES * poll_ms / 30_000
    tell(f"{IDLE_DEVICES} devices polling every 30 s, cores", f"{share:.3f}", "new connection each")


def one_statement(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Ask the least that can be asked in a transaction."""
    with connection.transaction():
        connection.execute("SELECT 1")


def ask(connection: psycopg.Connection[tuple[object, ...]], home: Home) -> None:
    """Ask the server what an empty round asks it."""
    team = home.member().team
    with client.transaction(connection) as cursor:
        server_schema.require_current(cursor)
        postgres.find_team(cursor, team)
        postgres.heads(cursor, team)


def lag(alice: Home, bob: Home, *, listens: bool) -> None:
    """Time from a push until the memory is in the other machine's database."""
    worker, stop = TeamWorker(bob.settings), threading.Event()
    worker.poll_s, worker._listens = 1.0, listens
    thread = threading.Thread(target=worker.run, args=(bob.store, stop))
    thread.start()
    chance = random.Random(2 + listens)
    taken_ms = []
    for _ in range(LAG_ROUNDS):
        time.sleep(chance.uniform(0, 0.5))
        title = words(chance, 6)
        alice.remember(title, words(chance, 20))
        alice.sync()
        taken_ms.append(1000 * timed(lambda title=title: arrived(bob, title)))
    stop.set()
    thread.join()
    *_, p99 = quantiles(taken_ms, n=100)
    how = "LISTEN" if listens else "polls of 1 s"
    tell(f"lag after a push, {how}, ms", f"{median(taken_ms):,.0f}", f"p50; p99 {p99:,.0f}")


def arrived(home: Home, title: str) -> None:
    """Wait until a memory is there."""
    query = "SELECT EXISTS (SELECT 1 FROM memories WHERE title = ?)"
    while True:
        with home.store.read() as db:
            if db.execute(query, (title,)).get:
                return
        time.sleep(0.002)


# --- the local hot path --------------------------------------------------------------------------

_EVENT = '{"hook_event_name":"UserPromptSubmit","session_id":"s%d","prompt":"why is VAT rounded"}'


def hot_path(server: Server, folder: str) -> None:
    """Run hooks as processes in turns: without a team, and in a team whose server is away."""
    homes = {"alone": Path(folder) / "alone", "team": Path(folder) / "in-team"}
    environs = {}
    for name, path in homes.items():
        path.mkdir()
        environ = {"HOME": str(path), "PATH": os.environ["PATH"], "CODEMEM_VIEWER": "0"}
        environs[name] = environ | {"CODEMEM_TEAM_URL": server.url("carol")}
    server.add_member("carol", "member")
    for environ in environs.values():
        run(["remember", "decision", "VAT is rounded once", "Per rate."], environ)
    run(["team", "join", "acme"], environs["team"])
    run(["share", "--project", "api", "--yes"], environs["team"])
    server.kill()
    for hook in ("claude-hook-ingest", "claude-hook-inject"):
        taken: dict[str, list[float]] = {name: [] for name in environs}
        for number in range(HOOK_ROUNDS):
            order = list(environs)[:: 1 if number % 2 else -1]
            for name in order:
                taken[name].append(measured([hook], environs[name], _EVENT % number))
        alone, in_team = median(taken["alone"]), median(taken["team"])
        note = f"CPU {1000 * alone:.1f} ms alone, PostgreSQL away"
        tell(f"{hook}, in a team : alone", f"{in_team / alone:.3f}", note)
    server.start(fsync=True)


def run(arguments: list[str], environ: dict[str, str]) -> None:
    """Run a command that must work."""
    subprocess.run([CODEMEM, *arguments], env=environ, check=True, capture_output=True)


def measured(arguments: list[str], environ: dict[str, str], text: str) -> float:
    """Run a hook; return its processor seconds."""
    child = subprocess.Popen(
        [CODEMEM, *arguments], env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert child.stdin is not None
    child.stdin.write(text.encode())
    child.stdin.close()
    _, _, used = os.wait4(child.pid, 0)
    child.returncode = 0
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
