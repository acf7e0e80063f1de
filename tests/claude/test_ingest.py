"""`claude-hook-ingest` as Claude Code runs it: a process for each hook."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codemem_claude import plugin
from codemem_core import paths
from codemem_core._version import __version__
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_transfer.export_reader import Reader
from codemem_transfer.incoming import Incoming, Label

RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
PROMPT = {
    "hook_event_name": "UserPromptSubmit",
    "session_id": "s1",
    "cwd": "/w/demo",
    "prompt": "hello",
    "ts": "2026-11-22T08:00:00Z",
}


@pytest.fixture
def everyday(home: Path) -> str:
    """Name the database a hook uses when nothing is configured."""
    return str(home / ".codemem" / "mem.sqlite")


def ingest(payload: Any) -> None:
    """Run the hook and insist on exit 0 without output."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "claude-hook-ingest"],
        input=json.dumps(payload).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def stored(database: str) -> list[tuple[str, Any]]:
    """Return stream and payload of every stored event."""
    query = "SELECT s.stream_id, e.payload FROM raw_events e JOIN streams s ON s.id = e.stream"
    with Store.open(database) as store, store.read() as db:
        return [(stream, json.loads(payload)) for stream, payload in db.execute(query)]


@pytest.fixture
def server(everyday: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real server for the everyday database."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "serve", "--port", "0"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    while not os.path.exists(paths.socket_path(everyday)):
        assert process.poll() is None
    yield process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_without_a_server_the_event_goes_into_the_database(everyday: str) -> None:
    """The hook itself stores it."""
    ingest(PROMPT)

    ((stream, payload),) = stored(everyday)
    assert (stream, payload["_adapter"]["payload"]["text"]) == ("s1", "hello")


def test_with_a_server_the_same_event_is_stored_once(
    everyday: str, server: subprocess.Popen[bytes]
) -> None:
    """Whichever way it takes, its id is the same."""
    ingest(PROMPT)
    server.terminate()
    server.wait(20)
    ingest(PROMPT)

    assert len(stored(everyday)) == 1


def test_a_hung_server_costs_the_hook_no_event(
    everyday: str, server: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time limit the hook stores the event itself; a late answer doubles nothing."""
    monkeypatch.setenv("CODEMEM_CLAUDE_HOOK_HTTP_MAX_TIME_S", "0.3")
    os.kill(server.pid, signal.SIGSTOP)

    ingest(PROMPT)

    os.kill(server.pid, signal.SIGCONT)
    assert len(stored(everyday)) == 1


def test_without_server_and_database_the_event_is_spooled(home: Path, everyday: str) -> None:
    """It waits for the next server."""
    Path(everyday).parent.mkdir()
    Path(everyday).write_bytes(b"not a database" * 500)

    ingest(PROMPT)

    assert len(list((home / ".codemem/claude-hook-spool/new").iterdir())) == 1
    assert "spooled" in (home / ".codemem/plugin.log").read_text()


def test_private_parts_and_secrets_never_reach_the_disk(home: Path) -> None:
    """Not even with no server to redact them."""
    key = "sk-ant-" + "api03-" + "Zx9Yw8Vu" * 8
    ingest({**PROMPT, "prompt": f"take {key} <private>diary</private> now"})

    files = [path for path in home.rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert b"REDACTED" in content
    assert key.encode() not in content
    assert b"diary" not in content


def test_a_payload_larger_than_the_server_takes_is_clipped(
    everyday: str, server: subprocess.Popen[bytes]
) -> None:
    """Ten megabytes of output are one event, shortened."""
    del server
    big = {"tool_name": "Bash", "tool_response": {"stdout": "x" * 10_000_000}}
    ingest({**PROMPT, "hook_event_name": "PostToolUse", **big})

    ((_, payload),) = stored(everyday)
    output = payload["_adapter"]["payload"]["tool_output"]
    assert "characters left out" in output
    assert len(output) < 20_000


def test_the_projects_name_comes_from_the_hooks_environment(
    everyday: str, server: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own environment does not count."""
    del server
    monkeypatch.setenv("CODEMEM_PROJECT", "/work/mine")

    ingest(PROMPT)

    with Store.open(everyday) as store, store.read() as db:
        (stream,) = events.backlog(db, limit=5)
    assert stream.project == "mine"


def test_ignored_means_nothing_happens(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The observer's own Claude session must not be observed."""
    monkeypatch.setenv("CODEMEM_PLUGIN_IGNORE", "1")

    ingest(PROMPT)

    assert list(home.iterdir()) == []


def test_half_a_character_costs_nothing_but_itself(
    everyday: str, server: subprocess.Popen[bytes]
) -> None:
    """JavaScript may cut a text in the middle of an emoji."""
    del server
    ingest({**PROMPT, "prompt": "cut here \ud83d"})

    ((_, payload),) = stored(everyday)
    assert payload["_adapter"]["payload"]["text"].startswith("cut here")


def begin(payload: Any, *options: str) -> subprocess.Popen[bytes]:
    """Start a hook and give it its payload; do not wait."""
    hook = subprocess.Popen(
        [sys.executable, "-c", RUN, "claude-hook-ingest", *options], stdin=subprocess.PIPE
    )
    assert hook.stdin
    hook.stdin.write(json.dumps(payload).encode())
    hook.stdin.close()
    return hook


@pytest.mark.parametrize("up", [True, False], ids=["server", "no-server"])
def test_of_many_hooks_at_once_none_is_lost(
    home: Path, everyday: str, request: pytest.FixtureRequest, up: bool
) -> None:
    """Twenty parallel tools are twenty events, in the database or, if it is busy, the spool."""
    if up:
        request.getfixturevalue("server")
    tool = {**PROMPT, "hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_response": "x"}

    hooks = [begin({**tool, "tool_use_id": f"t{n}"}) for n in range(20)]

    assert [hook.wait(60) for hook in hooks] == [0] * 20
    # One that ran out of time may be in both; it has one id, so it becomes one event.
    settings = Settings.load({"HOME": str(home)})
    intake = Intake(Plugins.only(builtin, plugin, settings=settings))
    with Store.open(everyday) as store:
        Spool.of(settings).drain(store, intake)
    kept = [payload["_adapter"]["meta"]["tool_use_id"] for _, payload in stored(everyday)]
    assert sorted(kept) == sorted(f"t{n}" for n in range(20))


def test_the_last_hook_keeps_its_event_before_it_is_killed(
    everyday: str, server: subprocess.Popen[bytes]
) -> None:
    """Claude Code ends SessionEnd after 1.5 s: a hung server gets less of it than of others."""
    os.kill(server.pid, signal.SIGSTOP)
    hook = begin({**PROMPT, "hook_event_name": "SessionEnd", "reason": "other"})
    limit_s = 15  # on a busy machine; the default limit of other hooks would be spent on waiting

    assert hook.wait(limit_s) == 0
    os.kill(server.pid, signal.SIGCONT)
    assert len(stored(everyday)) == 1


@pytest.mark.parametrize("version", ["0.19.0", "99", "1.0.0.1"])
def test_another_version_reads_nothing(everyday: str, version: str) -> None:
    """The script can still give the payload to somebody else."""
    hook = begin(PROMPT, "--plugin-version", version)

    assert hook.wait(30) == 75
    assert not os.path.exists(everyday)


@pytest.mark.parametrize("version", [__version__, __version__.partition(".")[0]])
def test_the_plugins_version_is_taken(everyday: str, version: str) -> None:
    """Its whole number, or the first parts of it."""
    assert begin(PROMPT, "--plugin-version", version).wait(30) == 0
    assert len(stored(everyday)) == 1


def test_an_import_that_writes_makes_the_event_wait_in_the_spool(home: Path, everyday: str) -> None:
    """Whoever imports holds the lock until all is there; nothing of a session is lost by it."""

    def work_on(what: str, done: int, _: int) -> None:
        if (what, done) == ("written", 2):
            ingest(PROMPT)

    items = [{"id": n, "title": f"memory {n}", "session_id": 1} for n in range(3)]
    document = json.dumps({"version": "1.0", "memory_items": items})
    with (
        Store.open(everyday) as store,
        closing(Incoming(now_ms=1_790_000_000_000, progress=work_on)) as incoming,
    ):
        Reader(incoming).read(io.BytesIO(document.encode()))
        incoming.write(store, Label(text="import"))
    waiting = list((home / ".codemem/claude-hook-spool/new").iterdir())
    drained = subprocess.run(
        [sys.executable, "-c", RUN, "spool", "drain"], capture_output=True, check=True
    )

    assert len(waiting) == 1, drained
    assert [stream for stream, _ in stored(everyday)] == ["s1"]


def test_the_usual_path_loads_next_to_nothing() -> None:
    """Claude waits for it at every tool call: `json` alone would be a third of the time."""
    code = (
        "import sys; a = {*sys.modules}; import codemem_claude.ingest; print(*{*sys.modules} - a)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"re", "json", "enum", "functools", "typing", "socket"}.isdisjoint(done.stdout.split())
