"""`codemem gemini-hook` as Gemini CLI runs it: a process for each hook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codemem_core.api import Settings, Store, database_path

FIXTURES = Path(__file__).parents[1] / "fixtures/gemini/0.61.0"
RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no server."""
    del home
    monkeypatch.setenv("CODEMEM_VIEWER_AUTO", "0")


def hook(fixture: str, **fields: Any) -> dict[str, Any]:
    """Run a hook on a recorded payload and return the object it printed."""
    payload = json.loads((FIXTURES / f"{fixture}.json").read_text()) | fields
    done = subprocess.run(
        [sys.executable, "-c", RUN, "gemini-hook"],
        input=json.dumps(payload).encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def stored() -> list[dict[str, Any]]:
    """Return every stored event in its common form."""
    with Store.open(database_path(Settings.load(dict(os.environ)))) as store, store.read() as db:
        query = "SELECT payload FROM raw_events ORDER BY id"
        return [json.loads(payload)["_adapter"] for (payload,) in db.execute(query)]


def test_a_session_is_stored_in_order() -> None:
    """A hook that asks for nothing is told nothing."""
    names = ("SessionStart.startup", "BeforeAgent", "AfterTool.write_file", "AfterAgent")

    answers = [hook(name) for name in (*names, "SessionEnd.exit")]

    events = stored()
    assert answers == [{}] * 5
    assert [event["event_type"] for event in events] == [
        "session_start", "prompt", "tool_result", "assistant", "session_end",
    ]  # fmt: skip
    assert events[2]["payload"]["files_changed"] == ["/home/dev/app/zephyr_cache.py"]
    assert events[-1]["meta"]["flush"] is True


def test_a_prompt_is_answered_by_what_fits_it(tmp_path: Path) -> None:
    """By what the user typed, not by what SessionStart answered."""
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
    told = "<hook_context>the lease expires early</hook_context>\n\n"

    silent = hook("BeforeAgent", prompt=f"{told}thanks", cwd=str(folder))
    answer = hook("BeforeAgent", prompt=f"{told}why does the lease expire early?", cwd=str(folder))

    assert silent == {}
    output = answer["hookSpecificOutput"]
    assert output["hookEventName"] == "BeforeAgent"
    assert "Clock skew." in output["additionalContext"]
