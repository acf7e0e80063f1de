"""`codemem doctor`: what is wrong is said, with how to mend it, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codemem_cli.health import secret_probe
from codemem_core.capture import intake
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.hookpath import log, lost_count
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store


def doctor(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "codemem_cli", "doctor", *options],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def place(home: Path) -> Path:
    """Make the default database and return its path."""
    path = home / ".codemem" / "mem.sqlite"
    Store.open(str(path)).close()
    return path


def test_a_fresh_machine_is_well(home: Path) -> None:
    """No database, no server, no spool: nothing is wrong, and nothing is made."""
    found = doctor()

    assert found.returncode == 0
    assert "BAD" not in found.stdout
    assert not (home / ".codemem").exists()


def test_json_says_the_same(place: Path) -> None:
    """Each finding with its check, its text and its hint."""
    del place
    command = [sys.executable, "-m", "codemem_cli", "doctor", "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert found["ok"] is True
    assert {finding["check"] for finding in found["findings"]} == {
        "versions", "settings", "plugins", "database", "ledger", "queue", "search", "spool",
        "hooks", "server", "embedder", "files", "disk", "secrets",
    }  # fmt: skip


def _wrong_setting(_: Path) -> None:
    os.environ["CODEMEM_VIEWER_PORT"] = "many"


def _waiting_spool(_: Path) -> None:
    Spool.of(Settings.load()).write("claude", {"x": 1})


def _bad_spool(_: Path) -> None:
    _waiting_spool(_)
    path = Path(Spool.of(Settings.load()).path)
    for file in (path / "new").iterdir():
        file.rename(path / "bad" / file.name)


def _refusing_spool(_: Path) -> None:
    _waiting_spool(_)
    path = Path(Spool.of(Settings.load()).path)
    (path / "refused" / "2026-11-22.claude").write_text("...")
    for file in (path / "new").iterdir():
        file.unlink()


def _open_file(place: Path) -> None:
    # The server's token: the database itself is closed by whoever opens it.
    token = place.parent / "viewer.token"
    token.touch()
    token.chmod(0o644)


def _forgotten_event(place: Path) -> None:
    with Store.open(str(place)) as store:
        store.write(lambda db: db.execute("INSERT INTO ledger VALUES ('2026-11-22', 'x', 1,0,0,0)"))


def _dead_batch(place: Path) -> None:
    add = """INSERT INTO streams (source, stream_id) VALUES ('x', 's');
             INSERT INTO batches (stream, start_seq, end_seq, extractor, state, created_ms,
                                  updated_ms) VALUES (1, 0, 1, 'x', 'dead', 1, 1)"""
    with Store.open(str(place)) as store:
        store.write(lambda db: db.execute(add))


def _damaged(place: Path) -> None:
    content = bytearray(place.read_bytes())
    content[8192 : 8192 + 4096] = os.urandom(4096)
    place.write_bytes(content)


def _index_out_of_step(place: Path) -> None:
    """Leave a word in the index that no memory has."""
    with Store.open(str(place)) as store:
        store.write(
            lambda db: db.execute("INSERT INTO memories_fts (rowid, title) VALUES (1, 'ghost')")
        )


def _foreign(place: Path) -> None:
    place.write_bytes(b"not a database" * 1000)


def _wrong_model(place: Path) -> None:
    _dead_batch(place)
    with Store.open(str(place)) as store:
        store.write(
            lambda db: db.execute(
                "UPDATE batches SET state = 'failed', error_kind = 'settings', error = 'no model'"
            )
        )


def _lost_payload(_: Path) -> None:
    settings = Settings.load()
    log.log(settings, f"{log.LOST}: disk full; spool: disk full")
    log.log(settings, "something else")


def _lost_payload_on_a_full_disk(place: Path) -> None:
    (place.parent / "run").mkdir(mode=0o700, exist_ok=True)
    lost_count.reserve(str(place))
    lost_count.count(str(place), f"2026-11-22T08:00:00Z {log.LOST}: no space left on device")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_wrong_setting, "BAD settings: "),
        (_waiting_spool, "BAD spool: 1 payloads wait -> codemem queue spool drain"),
        (_bad_spool, "BAD spool: 1 payloads were set aside"),
        (_refusing_spool, "BAD spool: 3 payloads were refused by a full spool"),
        (_open_file, "BAD files: other users can open `"),
        (_forgotten_event, "BAD ledger: 1 events of `x` on 2026-11-22: received, but nowhere"),
        (
            _wrong_model,
            "BAD observer: 1 flushes wait for a person, the last one: settings: ",
        ),
        (_lost_payload, "BAD hooks: 1 payloads of hooks are lost, the last: "),
        (
            _lost_payload_on_a_full_disk,
            "BAD hooks: 1 payloads of hooks are lost, the last: 2026-11-22T08:00:00Z payload LOST",
        ),
        (_dead_batch, "BAD queue: 1 batch was given up"),
        (_damaged, "BAD database: "),
        (_index_out_of_step, "BAD search: the index is out of step"),
        (_foreign, "BAD database: not a database"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_cure(
    place: Path, monkeypatch: pytest.MonkeyPatch, harm: object, said: str
) -> None:
    """And the exit code is 1."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    assert callable(harm)
    harm(place)
    found = doctor()

    bad = [line for line in found.stdout.splitlines() if line.startswith("BAD")]
    assert len(bad) == 1
    assert bad[0].startswith(said)
    assert " -> " in bad[0]
    assert found.returncode == 1
    assert "Traceback" not in found.stderr


def test_a_broken_plugin_is_named(place: Path, tmp_path: Path) -> None:
    """With what to do about it."""
    del place
    info = tmp_path / "site" / "broken-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[codemem]\nbroken = no_such_module\n")
    found = doctor(PYTHONPATH=str(tmp_path / "site"))

    assert found.returncode == 1
    assert "BAD plugins: plugin `broken`" in found.stdout


def test_fix_mends_what_is_safe_to_mend(place: Path) -> None:
    """Files, search index and spool; afterwards everything is well."""
    _open_file(place)
    _index_out_of_step(place)
    event = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "hello"}
    Spool.of(Settings.load()).write("claude", event)

    found = doctor("--fix")

    assert found.stdout.splitlines()[:3] == [
        f"fix made private: `{place.parent / 'viewer.token'}`",
        "fix made the search index anew",
        "fix stored 1 payloads that waited in the spool",
    ]
    assert found.returncode == 0


def test_a_secret_that_gets_through_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary dies when nobody redacts."""
    plugins = Plugins.load(Settings.load({}))
    assert secret_probe.leaks(plugins) == []

    monkeypatch.setattr(intake, "redact", lambda value, **_: (value, 0))

    assert "GitHub token" in secret_probe.leaks(plugins)
    assert "password" in secret_probe.leaks(plugins)
