"""OpenCode's stored sessions: the events its plugin would have posted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner

from codemem_cli.app import cli
from codemem_core.config.settings import Settings
from codemem_opencode.events import OpenCode

OLD = 1_760_000_000_000
SCHEMA = """
    CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text NOT NULL,
        title text NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL);
    CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL,
        time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
    CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,
        time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
"""


class Sessions:
    """OpenCode's database, as 1.18 writes it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True)
        self.path = path
        self.db = apsw.Connection(str(path))
        self.db.execute("PRAGMA journal_mode = wal")
        self.db.execute(SCHEMA)
        self._ids = 0

    def session(self, name: str, *, parent: str | None = None, at: int = OLD) -> None:
        """Add a session in the folder `/work/shop`."""
        row = (name, parent, "/work/shop", "Title", at, at + 9)
        self.db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", row)

    def message(self, session: str, role: str, *parts: dict[str, Any], **more: Any) -> None:
        """Add a message and its parts."""
        self._ids += 1
        at, message = OLD + self._ids, f"msg_{self._ids}"
        data = json.dumps({"role": role, "time": {"created": at}, **more})
        self.db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)",
                        (message, session, at, at, data))  # fmt: skip
        for number, part in enumerate(parts):
            row = (f"{message}_{number}", message, session, at, at, json.dumps(part))
            self.db.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", row)


@pytest.fixture
def sessions(home: Path) -> Sessions:
    """A database with one session that has a bit of everything."""
    sessions = Sessions(home / ".local" / "share" / "opencode" / "opencode.db")
    sessions.session("ses_1")
    injected = {"type": "text", "text": "a whole file", "synthetic": True}
    sessions.message("ses_1", "user", {"type": "text", "text": "Fix the VAT"}, injected)
    sessions.message(
        "ses_1",
        "assistant",
        {"type": "step-start"},
        {"type": "text", "text": "Let me look.", "time": {"start": OLD, "end": OLD + 5}},
        tool("bash", "completed", output="1 failed", metadata={"exit": 1}),
        tool("read", "error", error="no such file"),
        tool("write", "running"),
        tokens={"input": 100, "output": 20, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        finish="stop",
    )
    return sessions


def tool(name: str, status: str, **state: Any) -> dict[str, Any]:
    """Return a part that tells of a tool call."""
    told = {"status": status, "input": {"path": "a.py"}, "time": {"end": OLD + 7}, **state}
    return {"type": "tool", "tool": name, "callID": f"call_{name}", "state": told}


def files_beside(path: Path) -> dict[str, bytes]:
    """Return the database's files; the `-shm` of one that is in use is every reader's."""
    return {
        each.name: each.read_bytes()
        for each in path.parent.iterdir()
        if not each.name.endswith("-shm")
    }


def told() -> list[tuple[str, str, str]]:
    """Return session, type and the gist of every event of the history."""
    return [
        (event.session_id, event.event_type,
         str(event.payload.get("text") or event.payload.get("tool_name") or ""))
        for event in OpenCode(Settings.load()).history()
    ]  # fmt: skip


@pytest.mark.usefixtures("sessions")
def test_a_session_is_told_as_it_happened() -> None:
    """Prompt, words, finished and failed tools, usage; not what OpenCode added itself."""
    assert told() == [
        ("ses_1", "session_start", ""),
        ("ses_1", "prompt", "Fix the VAT"),
        ("ses_1", "assistant", "Let me look."),
        ("ses_1", "tool_result", "bash"),
        ("ses_1", "tool_result", "read"),
        ("ses_1", "assistant", ""),
    ]


@pytest.mark.usefixtures("sessions")
def test_the_same_event_has_the_same_id() -> None:
    """Read twice, nothing is new."""
    once, twice = ([e.event_id for e in OpenCode(Settings.load()).history()] for _ in range(2))

    assert once == twice
    assert len(set(once)) == len(once)


def test_a_models_prompt_to_its_sub_agent_is_no_users_word(sessions: Sessions) -> None:
    """A session with a parent was begun by a model."""
    sessions.session("ses_2", parent="ses_1", at=OLD + 20)
    sessions.message("ses_2", "user", {"type": "text", "text": "Look into it"})

    assert ("ses_2", "assistant", "Look into it") in told()


def test_summaries_of_a_compaction_are_left_out(sessions: Sessions) -> None:
    """What OpenCode wrote for itself is no answer."""
    part = {"type": "text", "text": "Summary", "time": {"start": 1, "end": 2}}
    sessions.message("ses_1", "assistant", part, summary=True, agent="compaction", finish="stop")

    assert not [one for one in told() if one[2] == "Summary"]


def test_broken_rows_do_not_stop_the_rest(sessions: Sessions) -> None:
    """A row that is no JSON, or of an unknown shape, says nothing."""
    for data in ("{", "[]", '"x"', '{"role": 3}', '{"role": "user"}'):
        sessions.message("ses_1", "user")
        sessions.db.execute("UPDATE message SET data = ? WHERE id = ?",
                            (data, f"msg_{sessions._ids}"))  # fmt: skip
    sessions.message("ses_1", "user", {"type": "text", "text": "And the footer"})

    assert told()[-1] == ("ses_1", "prompt", "And the footer")


def test_import_is_repeatable_and_reads_only(sessions: Sessions, database: str) -> None:
    """Counted first, then stored once; a later session is added; OpenCode's file stays as it is."""
    before = files_beside(sessions.path)
    arguments = ["import-history", "opencode", "--db-path", database, "--json"]

    def run(*more: str) -> dict[str, int]:
        done = CliRunner().invoke(cli, [*arguments, *more], catch_exceptions=False)
        return dict(json.loads(done.stdout))

    dry = run("--dry-run")
    first, again = run(), run()
    after = files_beside(sessions.path)
    sessions.session("ses_3", at=OLD + 86_400_000)
    sessions.message("ses_3", "user", {"type": "text", "text": "Next thing"})
    later = run("--since", "2025-10-10")

    assert (dry["sessions"], dry["events"], dry["stored"]) == (1, 6, 0)
    assert (first["stored"], again["stored"]) == (6, 0)
    assert (later["sessions"], later["stored"]) == (1, 2)
    assert run("--project", "elsewhere")["events"] == 0
    assert after == before


@pytest.mark.parametrize("text", [None, "no database", ""])
def test_no_or_another_database_is_one_sentence(
    home: Path, database: str, text: str | None
) -> None:
    """Missing, damaged or of another kind: said in a line."""
    path = home / ".local" / "share" / "opencode" / "opencode.db"
    path.parent.mkdir(parents=True)
    if text is not None:
        path.write_text(text * 1000)

    done = CliRunner().invoke(cli, ["import-history", "opencode", "--db-path", database])

    assert "OpenCode" in str(done.exception)
    assert str(path) in str(done.exception)


def test_database_elsewhere_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OPENCODE_DB` and `XDG_DATA_HOME` say where, as they do to OpenCode."""
    Sessions(home / "a" / "own.db").session("ses_a")
    Sessions(home / "b" / "opencode" / "opencode.db").session("ses_b")

    monkeypatch.setenv("XDG_DATA_HOME", str(home / "b"))
    assert told()[0][0] == "ses_b"
    monkeypatch.setenv("OPENCODE_DB", str(home / "a" / "own.db"))
    assert told()[0][0] == "ses_a"
