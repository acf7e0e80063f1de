"""`codemem embed` and what the command line finds by meaning, with the real model."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codemem_cli.app import run
from codemem_core import paths
from codemem_core.hookpath.client import post_json
from codemem_core.records.memory import NewMemory
from codemem_core.retrieval import vectors
from codemem_core.retrieval.remote_embedding import PATH
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

TEXTS = ("The automobile does not start in winter", "Bake the cake for an hour")
MANY = 20


@pytest.fixture(autouse=True)
def place(bge_folder: str, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point the commands at the model and at a database of the test."""
    monkeypatch.setenv("CODEMEM_EMBEDDING_PATH", bge_folder)
    monkeypatch.setenv("CODEMEM_DB", database)
    return database


def fill(database: str) -> None:
    """Write two memories of things, and 18 of nothing."""
    with Store.open(database) as store:
        session = store.write(lambda db: sessions.by_hand(db, project="p", cwd=None, now_ms=1))
        for at in range(MANY):
            text = TEXTS[at] if at < len(TEXTS) else f"Step {at}"
            new = NewMemory(key=str(at), kind="note", title=text, body=text, origin="user")
            store.write(lambda db, new=new: memories.add(db, new, session_id=session, now_ms=1))  # type: ignore[misc]


def vectors_there(database: str) -> int:
    """Return how many memories have a vector."""
    with Store.open(database) as store, store.read() as db:
        return MANY - vectors.count_missing(db, "bge-small-en-v1.5@68807e3ff2ab")


def test_a_dry_run_only_counts(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And names the model."""
    fill(place)

    run(["embed", "--dry-run"])

    told = capsys.readouterr().out
    assert told == "Would embed 20 memories with bge-small-en-v1.5@68807e3ff2ab\n"
    assert vectors_there(place) == 0


def test_it_goes_on_where_it_was(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a stopped run wrote stays; the next one does the rest."""
    fill(place)

    run(["embed", "--limit", "1"])
    first = vectors_there(place)
    run(["embed"])

    assert 0 < first < MANY
    assert vectors_there(place) == MANY
    assert f"Embedded {MANY - first} memories" in capsys.readouterr().out


@pytest.fixture
def server(place: str) -> Iterator[None]:
    """Run the server, with its model loaded, until the test ends."""
    fill(place)
    run(["embed"])
    with serving(place):
        post_json(paths.socket_path(place), PATH, b'{"text": "ready"}', connect_s=60, total_s=60)
        yield


@contextmanager
def serving(database: str, **settings: str) -> Iterator[None]:
    """Run the server until the block ends."""
    command = [sys.executable, "-m", "codemem_cli", "serve", "--port", "0"]
    environ = {**os.environ, **settings}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            until_it_answers(paths.socket_path(database), process)
            yield
        finally:
            process.terminate()


def until_it_answers(path: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the socket takes connections."""
    while process.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(path) == 0:
                return
        time.sleep(0.02)
    pytest.fail("the server ended")


def found(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Search for something that no memory says in these words."""
    capsys.readouterr()
    run(["search", "my car", "--all-projects", "--limit", "1", "--json"])
    return [item["title"] for item in json.loads(capsys.readouterr().out)["items"]]


def test_a_search_asks_the_warm_server(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The model is there; this process loads none."""
    del server

    assert found(capsys) == [TEXTS[0]]


def test_a_timeline_is_around_what_is_meant(
    server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its middle is the best hit of a search, which asks the warm server too."""
    del server
    capsys.readouterr()

    run(["timeline", "my car", "--all-projects", "--after", "1", "--json"])

    items = json.loads(capsys.readouterr().out)["items"]
    assert [item["title"] for item in items] == list(TEXTS)


def test_the_doctor_says_that_the_server_goes_by_words(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here it started before the model was there: the embedder works, and it does not know."""
    fill(place)
    with serving(place, CODEMEM_EMBEDDING_PATH=str(tmp_path / "empty")):
        run(["doctor", "--json"])

    found = json.loads(capsys.readouterr().out)
    texts = [one["text"] for one in found["findings"] if one["check"] == "embedder"]
    assert texts[0].startswith("`bge` works")
    assert texts[1].startswith("the server goes by words all the same: no model in")


def test_without_a_server_words_must_do(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Vectors alone answer nothing."""
    fill(place)
    run(["embed"])

    assert found(capsys) == []
