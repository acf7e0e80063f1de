"""`codemem serve`: one server for each database, whatever is started, stopped or killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from codemem_core.hookpath.client import post_json
from codemem_viewer.lock import ServerLock
from codemem_viewer.protocol import CONNECTIONS
from codemem_viewer.runtime_paths import Place, server_pid

Event = Callable[..., dict[str, Any]]


def processes(machine: Any) -> list[int]:
    """Return the server processes that run with this home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if f"HOME={machine.path}\0".encode() in environ and b"\0serve\0" in command:
            found.append(int(entry.name))
    return found


def test_foreground_server_answers_and_ends(machine: Any) -> None:
    """SIGTERM ends it cleanly: nothing is left but the database, the token and the lock."""
    server = machine.start()
    server.send_signal(signal.SIGTERM)
    output, _ = server.communicate(timeout=30)

    assert (server.returncode, output) == (0, "")
    assert not machine.socket.exists()
    assert not machine.db.with_name("mem.sqlite-wal").exists()


def test_second_server_says_so_and_leaves(machine: Any) -> None:
    """Starting what runs already is no error."""
    first = machine.start()
    second = machine.serve()

    assert (second.returncode, second.stdout) == (
        0,
        f"a server is running for this database: {machine.db}\n",
    )
    assert first.poll() is None
    assert machine.answers()


def test_background_server_outlives_its_command(machine: Any) -> None:
    """`--background` returns when the server answers; starting it again changes nothing."""
    first = machine.serve("--background")
    again = machine.serve("start")

    assert first.stdout == again.stdout == f"server running, pid {processes(machine)[0]}\n"
    assert machine.answers()
    assert len(processes(machine)) == 1


def test_stop_waits_until_it_is_gone(machine: Any) -> None:
    """After `--stop` there is no process, no socket, and the next start works."""
    machine.serve("--background")
    stopped = machine.serve("--stop")
    left = processes(machine)

    assert (stopped.returncode, stopped.stdout, left) == (0, "server stopped\n", [])
    assert not machine.socket.exists()
    assert machine.serve("--stop").stdout == "no server was running\n"


def test_restart_is_another_process(machine: Any) -> None:
    """`--restart` ends the old server before the new one answers."""
    machine.serve("--background")
    [before] = processes(machine)
    restarted = machine.serve("--restart")

    assert restarted.returncode == 0
    assert len(processes(machine)) == 1
    assert processes(machine) != [before]


def test_ten_starts_at_once_are_one_server(machine: Any) -> None:
    """Every one of them succeeds, and one server is there."""
    command = [*machine.command("--background")]
    starts = [
        subprocess.Popen(command, env=machine.environ, stdout=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    outputs = {start.communicate(timeout=60)[0] for start in starts}

    assert [start.returncode for start in starts] == [0] * 10
    assert outputs == {f"server running, pid {processes(machine)[0]}\n"}
    assert len(processes(machine)) == 1


def test_killed_server_is_replaced_and_nothing_is_lost(machine: Any, event: Event) -> None:
    """What was acknowledged before `kill -9` is there for the next server, once."""
    first = machine.start()
    with machine.unix() as api:
        api.post("/api/raw-events", json=event("kept", 1))
    first.kill()
    first.wait()
    left_behind = machine.socket.exists()
    machine.start()
    with machine.unix() as api:
        again = api.post("/api/raw-events", json=event("kept", 1)).json()
        totals = api.get("/api/raw-events").json()

    assert left_behind
    assert again == {"inserted": 0, "received": 1}
    assert totals == {"sessions": 1, "pending": 1}


def test_stop_signals_nobody_when_the_server_is_dead(machine: Any) -> None:
    """A pid in a file may be somebody else's by now; it is not even looked at."""
    bystander = subprocess.Popen(["sleep", "60"])
    machine.start().kill()
    lock = machine.socket.with_suffix(".lock")
    lock.write_text(f'{{"pid": {bystander.pid}, "url": null}}')
    stopped = machine.serve("--stop")
    alive = bystander.poll() is None
    bystander.kill()
    bystander.wait()

    assert stopped.stdout == "no server was running\n"
    assert alive


def test_server_without_its_socket_is_found_by_its_lock(machine: Any) -> None:
    """Something cleaned the socket's file away: status names the server, restart replaces it."""
    server = machine.start()
    machine.socket.unlink()
    status = machine.serve("status")
    start = machine.serve("start")
    restarted = machine.serve("restart")
    output, _ = server.communicate(timeout=30)

    assert status.stdout.startswith(f"server running, pid {server.pid},")
    assert f"its socket is gone: {machine.socket}\n" in status.stdout
    assert start.stderr.startswith(f"codemem: a server runs whose socket is gone, pid {server.pid}")
    assert restarted.stdout.startswith("server stopped\nserver running, pid ")
    assert (server.returncode, output) == (0, "")
    assert machine.answers()


def test_who_is_noted_but_does_not_hold_the_lock_is_left_alone(tmp_path: Path) -> None:
    """The lock is another process's, which the note does not name: a container's, perhaps."""
    path = tmp_path / "lock"
    with ServerLock(str(path)) as lock, subprocess.Popen(["sleep", "60"]) as bystander:
        lock.take(wait_s=0)
        lock.note(url=None)
        noted = lock.holder()
        path.write_text(f'{{"pid": {bystander.pid}, "url": null}}')
        other = lock.holder()
        bystander.kill()

    assert (noted, other) == (os.getpid(), None)


def test_taken_port_leaves_the_socket(machine: Any) -> None:
    """Another program on the port costs the pages, not the events."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = machine.start("--port", str(port))
        answered = machine.answers()
        machine.serve("stop")
        output, _ = server.communicate(timeout=30)

    assert answered
    assert output.startswith(
        f"cannot listen on port `{port}` of 127.0.0.1: another program uses it\n"
    )
    assert "hint: " in output


def test_status_and_doctor_name_the_port_that_is_taken(machine: Any) -> None:
    """A server without pages runs well otherwise, so only they can say why there is no link."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        machine.serve("start", "--port", str(other.getsockname()[1]))
        shown = [machine.run(*words) for words in (["serve", "status"], ["status"], ["doctor"])]
        machine.serve("stop")

    assert all("another program uses it" in output for output in shown)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_other_hosts_are_refused(machine: Any, host: str) -> None:
    """Only this machine may reach the server."""
    refused = machine.serve("--host", host)

    assert refused.returncode == 2
    assert "hint: use 127.0.0.1" in refused.stderr
    assert not machine.socket.exists()


def test_failed_start_tells_why(machine: Any) -> None:
    """A background server that cannot start says what its log says."""
    machine.db.parent.mkdir(mode=0o700)
    machine.db.write_bytes(b"this is no database" * 100)
    failed = machine.serve("--background")

    assert failed.returncode != 0
    assert "not a database" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_everything_is_private(machine: Any) -> None:
    """Whatever the umask, nobody else reads a file of ours or reaches the socket."""
    command = ["sh", "-c", 'umask 0; exec "$@"', "sh", *machine.command("--background")]
    environ = {k: v for k, v in machine.environ.items() if k != "CODEMEM_VIEWER_TOKEN"}
    subprocess.run(command, env=environ, check=True, capture_output=True)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in [machine.db.parent, *machine.db.parent.rglob("*")]
    }

    assert "viewer.token" in modes
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_database_deep_down_has_its_socket_elsewhere(machine: Any) -> None:
    """A path too long for a socket's address is no reason not to serve it, once."""
    db = machine.path / ("deep" * 30) / "mem.sqlite"
    place = Place.of(str(db))
    first = machine.serve("--background", "--db-path", str(db))
    second = machine.serve("--db-path", str(db))
    stopped = machine.serve("--stop", "--db-path", str(db))

    assert first.returncode == 0, first.stderr
    assert second.stdout.startswith("a server is running")
    assert stopped.stdout == "server stopped\n"
    assert not place.socket.startswith(str(machine.path))
    assert not Path(place.socket).exists()


def test_open_run_folder_is_closed(machine: Any) -> None:
    """A folder of ours that others could enter is put right before the socket is in it."""
    machine.socket.parent.mkdir(parents=True)
    machine.socket.parent.chmod(0o755)
    machine.start()

    assert stat.S_IMODE(machine.socket.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_token_is_refused(machine: Any) -> None:
    """Whoever put the token there would know it."""
    machine.db.parent.mkdir()
    token = machine.db.parent / "viewer.token"
    token.write_text("known")
    os.chown(token, 65534, 65534)
    refused = machine.serve(CODEMEM_VIEWER_TOKEN="")

    assert refused.returncode == 4
    assert "belongs to another user" in refused.stderr


def test_made_up_token_opens_the_door(machine: Any) -> None:
    """The file holds the token of the running server, and no earlier one."""
    tokens = []
    for _ in range(2):
        machine.start(CODEMEM_VIEWER_TOKEN="")
        tokens.append((machine.db.parent / "viewer.token").read_text().strip())
        with machine.tcp(Authorization=f"Bearer {tokens[-1]}") as client:
            assert client.get("/api/stats").is_success
        machine.serve("stop")

    assert len(tokens[0]) >= 40
    assert tokens[0] != tokens[1]


def test_switched_off_server_does_not_start(machine: Any) -> None:
    """`CODEMEM_VIEWER=0` is honoured."""
    done = machine.serve(CODEMEM_VIEWER="0")

    assert (done.returncode, done.stdout) == (0, "the server is switched off: CODEMEM_VIEWER\n")


def test_status_says_whether_a_server_runs(machine: Any) -> None:
    """Exit code 3 when none does, and never the token unless a person looks."""
    without = machine.serve("status")
    machine.start()
    running = machine.serve("status")

    assert (without.returncode, running.returncode) == (3, 0)
    assert "http://127.0.0.1:" in running.stdout
    assert "token" not in running.stdout


def test_json_tells_how_things_are(machine: Any) -> None:
    """After a start, a look and a stop; a server in the foreground has nothing to tell."""
    told = [json.loads(machine.serve(each, "--json").stdout) for each in ("start", "status")]
    pid = processes(machine)[0]
    stopped = json.loads(machine.serve("stop", "--json").stdout)
    refused = machine.serve("--json")

    assert told[0] == told[1]
    assert told[0]["url"].startswith("http://127.0.0.1:")
    assert (told[0]["pid"], told[0]["socket"]) == (pid, str(machine.socket))
    assert (stopped["running"], stopped["pid"], stopped["url"]) == (False, None, None)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_lock_has_one_holder(tmp_path: Path) -> None:
    """The second has to wait until the first lets go."""
    path = str(tmp_path / "lock")
    with ServerLock(path) as first, ServerLock(path) as second:
        taken = first.take(wait_s=0), second.take(wait_s=0)
        first.release()
        after = second.take(wait_s=0)

    assert (taken, after) == ((True, False), True)


def test_nobody_listens_on_a_stale_socket(tmp_path: Path) -> None:
    """A socket whose process is gone names no process."""
    path = str(tmp_path / "stale.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)

    assert server_pid(Place(db="", socket=path, log="", lock=f"{path}.lock")) is None


def test_acknowledged_events_survive_a_stop(machine: Any, event: Event) -> None:
    """SIGTERM in the middle of the work: whatever was answered with 200 is stored."""
    server = machine.start()
    acknowledged: list[int] = []

    def post_until_gone(client: int) -> None:
        with contextlib.suppress(OSError):
            for number in range(100_000):
                body = json.dumps(event(f"busy-{client}", number)).encode()
                target = str(machine.socket)
                status, _ = post_json(target, "/api/raw-events", body, connect_s=5, total_s=30)
                acknowledged.append(status)

    with ThreadPoolExecutor(4) as clients:
        posting = [clients.submit(post_until_gone, client) for client in range(4)]
        while len(acknowledged) <= 50:
            time.sleep(0.01)
        server.send_signal(signal.SIGTERM)
        for each in posting:
            each.result(timeout=60)
    server.wait(timeout=30)
    machine.start()
    with machine.unix() as api:
        stored = api.get("/api/stats").json()["database"]["raw_events"]

    assert stored >= acknowledged.count(200) > 50


def test_idle_strangers_keep_neither_pages_nor_hooks_out(machine: Any) -> None:
    """Whoever holds every TCP connection loses the oldest ones."""
    machine.start()
    host, port = urlsplit(machine.url()).netloc.split(":")
    with contextlib.ExitStack() as opened:
        for _ in range(CONNECTIONS + 5):
            opened.enter_context(socket.create_connection((host, int(port))))
        with machine.tcp() as browser:
            stats = browser.get("/api/stats").status_code
        answered = machine.answers()

    assert (stats, answered) == (200, True)
