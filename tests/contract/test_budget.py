"""What the commands that Claude Code waits for may load.

Counted in modules, not milliseconds: the same on every machine.
"""

import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator

import pytest

from codemem_core import paths
from codemem_core.store.engine.store import Store

# Fast commands end the process themselves, so the probe looks at both ways out.
PROBE = """
import os, sys
before, really_exit = set(sys.modules), os._exit
def leave(code):
    loaded = sorted(set(sys.modules) - before)
    import json
    print(json.dumps([code, loaded]), file=sys.stderr, flush=True)
    really_exit(code)
os._exit = leave
sys.argv[1:] = {argv!r}
from codemem_cli.main import main
code = main()
sys.stdout.flush()
leave(code)
"""
REPLY = b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"inserted":1,"skipped":0}'
FORBIDDEN = {
    "asyncio",
    "click",
    "dataclasses",
    "hashlib",
    "http.client",
    "httpx",
    "importlib.metadata",
    "inspect",
    "litestar",
    "logging",
    "msgspec",
    "pathlib",
    "pluggy",
    "sqlite3",
    "subprocess",
    "typing",
    "urllib.request",
}


@pytest.fixture
def database() -> Iterator[str]:
    """Name a database whose folder is short enough for the socket to lie beside it."""
    with tempfile.TemporaryDirectory(prefix="cm") as folder:
        yield f"{folder}/mem.sqlite"


@pytest.fixture
def server(database: str) -> Iterator[str]:
    """Answer every request on the database's socket as the real server does."""
    path = paths.socket_path(database)
    paths.run_folder(os.path.dirname(path))

    class Reply(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(REPLY)

    with socketserver.UnixStreamServer(path, Reply) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield path
        listening.shutdown()
        thread.join()


def run(*argv: str, stdin: str = "", **environ: str) -> tuple[int, set[str], str]:
    """Run a command in a fresh interpreter: exit code, modules it loaded, what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(argv=list(argv))],
        input=stdin,
        env={"HOME": os.environ["HOME"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules), done.stdout


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("command", "budget"), [("claude-hook-ingest", 28), ("claude-hook-inject", 82)]
)
def test_hook_path_stays_light(command: str, budget: int, database: str) -> None:
    """With the server up, a hook command loads no framework and few modules."""
    Store.open(database).close()
    payload = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "s1",
        "cwd": os.environ["HOME"],
        "prompt": "Why does the invoice test fail?",
    }

    code, modules, printed = run(command, stdin=json.dumps(payload), CODEMEM_DB=database)

    assert code == 0
    assert "Traceback" not in printed
    assert modules & FORBIDDEN == set()
    assert len(modules) <= budget


def test_version_loads_next_to_nothing() -> None:
    """The host scripts ask for it before everything else."""
    _, modules, printed = run("version")

    assert printed.strip().count(".") == 2
    assert len(modules) <= 10
