"""Commands that scripts of 0.19 call."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from every import Runner

from codemem_cli.app import run
from codemem_core import errors
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories, sessions
from codemem_core.store.batches import claim, finish
from codemem_core.store.engine.store import Store

NOTE = NewMemory(
    key="k", kind="discovery", title="t", body="b", origin="user", concepts=("billing",),
    files_modified=("src/vat.py",),
)  # fmt: skip


def test_tags_are_made_for_memories_without(database: str, run_command: Runner) -> None:
    """Of kind, concepts and files; a dry run only counts, and an undo takes them away."""
    with Store.open(database) as store:
        session = store.write(lambda db: sessions.by_hand(db, project="p", cwd=None, now_ms=1))
        store.write(lambda db: memories.add(db, NOTE, session_id=session, now_ms=1))

    dry = run_command("db backfill-tags")
    assert run(["backfill-tags", "--all-projects"]) == 0

    assert dry.out == "Would update 1 memories\n"
    with Store.open(database) as store, store.read() as db:
        memory = memories.get(db, 1)
    assert memory is not None
    assert {"discovery", "billing"} <= {*memory.tags}


def test_the_cost_of_a_discovery_is_what_its_events_cost(
    database: str, run_command: Runner, make_event: Callable[..., Any]
) -> None:
    """What the host counted, for all memories of the prompt together."""
    usage = {"input_tokens": 900, "output_tokens": 80, "cache_creation_input_tokens": 20}
    told = [make_event("prompt"), make_event("assistant", text="done", usage=usage)]

    def write(db: apsw.Connection) -> None:
        events.append(db, told, now_ms=1)
        taken = claim(db, ("claude", "s1"), extractor="x", max_events=0, now_ms=1)
        assert taken is not None
        finish(db, taken, now_ms=1)
        session = sessions.of_stream(db, ("claude", "s1"), project="p", cwd=None, started_ms=1)
        memories.add(db, NOTE, session_id=session, batch=taken.batch, now_ms=1)

    with Store.open(database) as store:
        store.write(write)

    assert run_command("db backfill-discovery-tokens").out == "Updated 1 memories\n"
    assert run_command("db backfill-discovery-tokens").out == "Updated 0 memories\n"
    with Store.open(database) as store, store.read() as db:
        memory = memories.get(db, 1)
    assert memory is not None
    assert memory.metadata == {
        "discovery_tokens": 1000,
        "discovery_source": "usage",
        "discovery_group": "claude:s1:unknown",
    }


def test_events_can_be_ingested_without_a_server(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stored and flushed at once; the same payload again adds nothing."""
    monkeypatch.setenv("CODEMEM_DB", database)
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "extractive")
    body = {"events": [{"type": "user_prompt", "prompt_text": "Round VAT once per rate"}]}

    stored = []
    for _ in "12":
        stdin = io.TextIOWrapper(io.BytesIO(json.dumps(body).encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run(["ingest", "--json"]) == 0
        stored.append(json.loads(capsys.readouterr().out)["inserted"])

    assert stored == [1, 0]


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        ('{"hook_event_name":"UserPromptSubmit","session_id":"s","prompt":"hello"}', 1),
        ("{oops", 0),
        ("", 0),
        ('{"hook_event_name":"Unheard"}', 0),
    ],
)
def test_a_claude_hook_can_go_straight_to_the_database(
    database: str, home: Path, monkeypatch: pytest.MonkeyPatch, payload: str, stored: int
) -> None:
    """Silent, with exit code 0, whatever it is given."""
    del home
    monkeypatch.setenv("CODEMEM_DB", database)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(payload.encode())))

    assert run(["ingest-claude-hook"]) == 0

    with Store.open(database) as store, store.read() as db:
        assert events.totals(db)[1] == stored


def test_exit_codes_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Each that an error has stands in the help of the program."""
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.CodememError)
    }

    run(["help", "--all"])
    documented = capsys.readouterr().out.partition("Exit codes:")[2]
    assert codes <= {int(code) for code in re.findall(r"\d+", documented)}
