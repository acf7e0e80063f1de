"""`codemem codex-hook`, run as Codex runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codemem_core.api import Store, database_path
from codemem_core.config.settings import Settings

RUN = "import sys; from codemem_codex.hook import main; sys.exit(main([]))"
PROMPT = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "turn_id": "t1"}


@pytest.fixture
def project(home: Path) -> Path:
    """Make a project with a memory; no server is started by itself."""
    config = home / ".config/codemem/config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"viewer_auto": false}')
    folder = home / "demo"
    (folder / ".git").mkdir(parents=True)
    with Store.open(str(home / ".codemem/mem.sqlite")) as store:
        store.write(
            lambda db: db.execute(
                "INSERT INTO sessions (id, started_ms) VALUES (1, 0);"
                "INSERT INTO memories (key, session_id, kind, title, body, origin, project,"
                " created_ms, updated_ms) VALUES"
                " ('a', 1, 'bugfix', 'Lease expired early', 'Clock skew.', 'user', 'demo', 1, 1)"
            ).fetchall()
        )
    return folder


def hook(payload: object, **environ: str) -> str:
    """Run the command in a process of its own and return what it printed."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=raw,
        capture_output=True,
        env={"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], **environ},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def stored() -> list[dict[str, Any]]:
    """Return the stored events."""
    with Store.open(database_path(Settings.load({}))) as store, store.read() as db:
        found = db.execute("SELECT payload FROM raw_events ORDER BY id").fetchall()
    return [json.loads(payload)["_adapter"] for (payload,) in found]


def test_a_prompt_is_answered_and_stored(project: Path) -> None:
    """One process does both, and the answer comes first."""
    asked = {**PROMPT, "cwd": str(project), "prompt": "why does the lease expire early?"}

    answer = json.loads(hook(asked))

    output = answer["hookSpecificOutput"]
    assert output["hookEventName"] == "UserPromptSubmit"
    assert "Lease expired early" in output["additionalContext"]
    assert [event["payload"]["text"] for event in stored()] == [asked["prompt"]]


def test_nothing_is_printed_when_there_is_nothing_to_say(project: Path) -> None:
    """Codex would put it before the model."""
    assert hook({**PROMPT, "cwd": str(project), "prompt": "thanks"}) == ""
    assert hook({**PROMPT, "hook_event_name": "Stop", "last_assistant_message": "Bye."}) == ""


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"null"])
def test_what_is_no_payload_disturbs_nobody(raw: bytes) -> None:
    """Exit 0, and not a word."""
    assert hook(raw) == ""


def test_the_environment_of_another_terminal_says_nothing(project: Path, tmp_path: Path) -> None:
    """Codex's daemon keeps it; the config file decides which database is asked."""
    asked = {**PROMPT, "cwd": str(project), "prompt": "why does the lease expire early?"}
    elsewhere = {"CODEMEM_DB": str(tmp_path / "other.sqlite"), "CODEMEM_INJECT_CONTEXT": "0"}

    assert "Lease expired early" in hook(asked, **elsewhere)
    assert not (tmp_path / "other.sqlite").exists()


def test_an_observers_child_is_not_recorded(project: Path) -> None:
    """Its prompt is codemem's own question."""
    asked = {**PROMPT, "cwd": str(project), "prompt": "why does the lease expire early?"}

    assert hook(asked, CODEMEM_PLUGIN_IGNORE="1") == ""
    assert stored() == []


def test_a_compacted_session_is_told_again(project: Path) -> None:
    """Its context holds nothing of what it was given."""
    asked = {**PROMPT, "cwd": str(project), "prompt": "why does the lease expire early?"}
    assert "Lease expired early" in hook(asked)
    assert "Lease expired early" not in hook({**asked, "turn_id": "t2"})

    hook({**asked, "hook_event_name": "PostCompact", "trigger": "manual"})

    assert "Lease expired early" in hook({**asked, "turn_id": "t3"})
