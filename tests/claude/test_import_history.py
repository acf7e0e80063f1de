"""`codemem import-history claude`: memory of sessions from before."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codemem_cli.app import cli
from codemem_core.api import MAY_GO_ON
from codemem_core.capture.intake import Intake
from codemem_core.commands.when import since_to_ms
from codemem_core.config.settings import Settings
from codemem_core.errors import InputError
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events
from codemem_core.store.engine.store import Store

HOUR_S = 3600


@pytest.fixture
def everyday(home: Path) -> str:
    """Name the database a command uses when nothing is configured."""
    return str(home / ".codemem" / "mem.sqlite")


def keep(home: Path, session: str, *, turns: int = 1, cwd: str = "/w/demo", age_h: int = 2) -> Path:
    """Write a transcript as Claude Code keeps it, of so many prompts and answers."""
    lines = []
    for n in range(turns):
        for kind, text in (("user", f"prompt {n}"), ("assistant", f"answer {n}")):
            message = {
                "role": kind,
                "id": f"{kind}{n}",
                "content": [{"type": "text", "text": text}],
            }
            line: dict[str, Any] = {"type": kind, "sessionId": session, "cwd": cwd}
            line |= {"uuid": f"{session}-{kind}{n}", "message": message}
            at = f"2026-11-0{1 + n // 3600}T08:{n // 60 % 60:02d}:{n % 60:02d}Z"
            lines.append(json.dumps({**line, "timestamp": at}))
    path = home / ".claude" / "projects" / "-w-demo" / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, (time.time() - age_h * HOUR_S,) * 2)
    return path


def found(sessions: int, events: int, *, stored: int = 0, recorded: int = 0) -> dict[str, Any]:
    """Return what the command reports when every line could be read."""
    counts = {"sessions": sessions, "events": events, "stored": stored, "recorded": recorded}
    return {**counts, "unread": {}}


def import_history(*options: str) -> dict[str, Any]:
    """Run the command and return what it did."""
    done = CliRunner().invoke(cli, ["import-history", "claude", "--json", *options])
    assert done.exit_code == 0, done.output
    result: dict[str, Any] = json.loads(done.stdout)
    assert result.pop("failed") == 0
    result.pop("memories")
    return result


def stored(database: str) -> list[tuple[str, str]]:
    """Return session and kind of every event, in order."""
    query = "SELECT s.stream_id, e.kind FROM raw_events e JOIN streams s ON s.id = e.stream"
    with Store.open(database) as store, store.read() as db:
        return list(db.execute(query + " ORDER BY e.id"))


def test_a_session_is_stored_once(home: Path, everyday: str) -> None:
    """With its beginning and its end; a second run finds nothing new."""
    keep(home, "s1")

    first, second = import_history(), import_history()

    assert first == found(1, 4, stored=4, recorded=0)
    assert second == {**first, "stored": 0}
    kinds = ["session_start", "prompt", "assistant", "session_end"]
    assert stored(everyday) == [("s1", kind) for kind in kinds]


def test_an_import_that_was_broken_off_goes_on(home: Path, everyday: str) -> None:
    """What a killed run stored stays; the next one adds the rest."""
    whole = keep(home, "s1", turns=300)
    half = whole.read_text().splitlines()[:250]
    keep(home, "s1").write_text("\n".join(half) + "\n")
    os.utime(whole, (time.time() - HOUR_S,) * 2)
    before = import_history()["stored"]
    keep(home, "s1", turns=300)

    done = import_history()

    assert done["events"] == 602
    # The end of the half session stays too: it is another event than the real end.
    assert before + done["stored"] == 603
    assert len(stored(everyday)) == 603


def test_a_session_that_was_recorded_is_left_alone(home: Path, everyday: str) -> None:
    """Its hooks told the same, under other ids."""
    keep(home, "s1")
    hook = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": "prompt 0"}
    live = Intake(Plugins.load(Settings.load({}))).hook("claude", hook)
    assert live
    with Store.open(everyday) as store:
        store.write(lambda db: events.append(db, [live], now_ms=1))

    assert import_history() == {
        "sessions": 0,
        "events": 0,
        "stored": 0,
        "recorded": 1,
        "unread": {},
    }
    assert len(stored(everyday)) == 1


def test_a_dry_run_stores_nothing(home: Path, everyday: str) -> None:
    """It does not even make a database."""
    keep(home, "s1")

    assert import_history("--dry-run") == {
        "sessions": 1,
        "events": 4,
        "stored": 0,
        "recorded": 0,
        "unread": {},
    }
    assert not os.path.exists(everyday)


def test_age_and_project_choose(home: Path, everyday: str) -> None:
    """By the last change of the session, and by the folder it worked in."""
    keep(home, "old", age_h=50)
    keep(home, "other", cwd="/w/other")
    keep(home, "going-on", age_h=0)

    assert import_history("--since", "1d")["sessions"] == 1
    assert import_history("--project", "demo")["sessions"] == 1
    assert {session for session, _ in stored(everyday)} == {"other", "old"}


def test_secrets_and_private_parts_stay_out(home: Path, everyday: str) -> None:
    """As in every other way into the store."""
    path = keep(home, "s1")
    key = "sk-ant-" + "api03-" + "Zx9Yw8Vu" * 8
    path.write_text(path.read_text().replace("prompt 0", f"{key} <private>diary</private> x"))
    os.utime(path, (time.time() - HOUR_S,) * 2)

    import_history()

    content = b"".join(
        file.read_bytes() for file in Path(everyday).parent.iterdir() if file.is_file()
    )
    assert b"REDACTED" in content
    assert key.encode() not in content
    assert b"diary" not in content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", 10**12 - 43_200_000),
        ("2w", 10**12 - 14 * 86_400_000),
        ("2026-11-22", 1_795_305_600_000),
    ],
)
def test_since_is_a_span_or_a_date(text: str, expected: int) -> None:
    """In hours, days or weeks."""
    assert since_to_ms(text, now_ms=10**12) == expected


def test_since_must_be_understood() -> None:
    """Anything else is the user's mistake."""
    with pytest.raises(InputError):
        since_to_ms("yesterday", now_ms=0)


def test_what_a_forked_session_copied_is_stored_once(home: Path, everyday: str) -> None:
    """Also when the session it comes from was imported long before."""
    first = keep(home, "aaaa", age_h=50)
    copied = first.read_text().replace('"sessionId": "aaaa"', '"sessionId": "bbbb"')
    fork = keep(home, "bbbb", age_h=2)
    fork.write_text(copied + fork.read_text().replace("prompt 0", "what is new"))
    os.utime(fork, (time.time() - 2 * HOUR_S,) * 2)

    import_history("--since", "1d")
    import_history()

    with Store.open(everyday) as store, store.read() as db:
        query = "SELECT count(*) FROM raw_events WHERE payload LIKE ?"
        counts = [db.execute(query, (f"%{text}%",)).get for text in ("prompt 0", "what is new")]
    assert counts == [1, 1]


def test_lines_that_could_not_be_read_are_reported(home: Path) -> None:
    """By reason, so that nobody takes the import for whole."""
    path = keep(home, "s1")
    path.write_text(path.read_text() + '{"torn\n')
    os.utime(path, (time.time() - HOUR_S,) * 2)

    assert import_history()["unread"] == {"malformed lines": 1}


def test_a_session_that_may_be_going_on_is_counted(home: Path) -> None:
    """It is left out: its own hooks tell of it."""
    os.utime(keep(home, "s1"))

    done = import_history()

    assert (done["sessions"], done["unread"]) == (0, {MAY_GO_ON: 1})


def test_the_price_of_a_model_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is stored, with the number of calls it stands for."""
    keep(home, "s1")
    monkeypatch.setenv("CODEMEM_OBSERVER_PROVIDER", "anthropic")
    done = CliRunner().invoke(cli, ["import-history", "claude", "--dry-run"])

    assert re.search(r"asked 1 times.* at most \$0\.\d\d", done.stdout)


def test_an_observer_without_a_model_has_no_price(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of it."""
    keep(home, "s1")
    monkeypatch.setenv("CODEMEM_OBSERVER_RUNTIME", "extractive")
    done = CliRunner().invoke(cli, ["import-history", "claude", "--dry-run"])

    assert "$" not in done.stdout


def test_what_is_brought_in_becomes_memories(home: Path, everyday: str) -> None:
    """No server is needed: nothing waits afterwards."""
    keep(home, "one", turns=3)

    done = CliRunner().invoke(cli, ["import", "history", "claude"])

    assert done.exit_code == 0, done.output
    with Store.open(everyday) as store, store.read() as db:
        assert events.totals(db) == (0, 0)


def test_a_paid_model_is_asked_only_with_consent(
    home: Path, everyday: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price comes first, and without an answer nothing is stored."""
    keep(home, "one")
    monkeypatch.setenv("CODEMEM_OBSERVER_PROVIDER", "anthropic")
    monkeypatch.setenv("CODEMEM_OBSERVER_API_KEY", "sk-not-a-key")

    refused = CliRunner().invoke(cli, ["import", "history", "claude"])

    assert "1 sessions would be sent to the provider `anthropic`" in str(refused.exception)
    assert stored(everyday) == []
