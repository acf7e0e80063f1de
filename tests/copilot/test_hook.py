"""`codemem copilot-hook` as Copilot runs it: a process for each hook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codemem_core.api import Settings, Store, database_path

FIXTURES = Path(__file__).parents[1] / "fixtures/copilot/1.0.102"
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"
SESSION = "1fab81ae-fcac-4568-b18b-ed584a72148f"


def hook(name: str, fixture: str, **fields: Any) -> str:
    """Run a hook on a recorded payload, which does not name it, and return what it printed."""
    payload = json.loads((FIXTURES / f"{fixture}.json").read_text()) | fields
    del payload["hookName"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "copilot-hook", name],
        input=json.dumps(payload).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def stored() -> list[dict[str, Any]]:
    """Return every stored event in its common form."""
    with Store.open(database_path(Settings.load(dict(os.environ)))) as store, store.read() as db:
        query = "SELECT payload FROM raw_events ORDER BY id"
        return [json.loads(payload)["_adapter"] for (payload,) in db.execute(query)]


@pytest.fixture
def log(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give Copilot's home the recorded session; no server is started."""
    monkeypatch.setenv("CODEMEM_VIEWER_AUTO", "0")
    path = home / ".copilot/session-state" / SESSION / "events.jsonl"
    path.parent.mkdir(parents=True)
    shutil.copy(FIXTURES / "events.jsonl", path)
    return path


@pytest.mark.usefixtures("log")
def test_a_session_is_stored_in_order() -> None:
    """A hook that asks for nothing prints nothing; the log fills in what no hook told."""
    printed = hook("sessionStart", "sessionStart.new")
    printed += hook("userPromptSubmitted", "userPromptSubmitted")
    printed += hook("postToolUse", "postToolUse.create")
    printed += hook("postToolUse", "postToolUse.bash.failing")
    printed += hook("sessionEnd", "sessionEnd.complete", timestamp=1_796_076_406_300)

    events = stored()
    assert printed == ""
    assert [event["event_type"] for event in events] == [
        "session_start", "prompt", "tool_result", "tool_result", "tool_result", "tool_result",
        "session_end",
    ]  # fmt: skip
    assert [event["payload"].get("exit_code") for event in events[2:6]] == [None, 3, 0, None]
    assert events[-1]["meta"]["flush"] is True


def test_the_answer_is_at_the_top_level(log: Path, tmp_path: Path) -> None:
    """Copilot ignores what is nested as for Claude Code."""
    del log
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    with Store.open(database_path(Settings.load(dict(os.environ)))) as store:
        store.write(
            lambda db: db.execute(
                "INSERT INTO sessions (id, started_ms) VALUES (1, 0);"
                "INSERT INTO memories (key, session_id, kind, title, body, origin, project,"
                " created_ms, updated_ms) VALUES ('a', 1, 'bugfix', 'Lease expired early',"
                " 'Clock skew.', 'user', 'shop', 1, 1)"
            ).fetchall()
        )
    asked = {"prompt": "why does the lease expire early?", "cwd": str(folder)}

    answer = json.loads(hook("userPromptSubmitted", "userPromptSubmitted", **asked))

    assert list(answer) == ["additionalContext"]
    assert "Clock skew." in answer["additionalContext"]
    assert len(stored()) == 1
