"""Kilo, which is built from OpenCode and takes its plugin as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemem_core.api import EventContext, Settings, StreamState
from codemem_opencode.events import Kilo
from codemem_opencode.places import session_database
from codemem_opencode.policies import Boundary
from codemem_opencode.setup import KiloSetup

CONTEXT = EventContext(stream_id="ses_1", ts_ms=1_795_000_000_000)


def test_its_events_have_its_name() -> None:
    """And are otherwise OpenCode's."""
    payload = {"type": "user_prompt", "prompt_text": "fix the VAT"}

    event = Kilo(Settings.load({})).normalize(payload, context=CONTEXT)

    assert event is not None
    assert (event.source, event.payload["text"]) == ("kilo", "fix the VAT")


def test_a_session_that_fails_is_flushed() -> None:
    """By OpenCode's policies."""
    state = StreamState(
        source="kilo",
        stream_id="ses_1",
        project="demo",
        pending=1,
        pending_tools=0,
        pending_prompts=0,
        first_pending_ms=0,
        last_received_ms=0,
        last_event_type="error",
    )

    assert Boundary(Settings.load({})).due(state, now_ms=1).due


def test_setup_writes_into_its_own_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not into OpenCode's."""
    monkeypatch.setenv("PATH", "")
    setup = KiloSetup(Settings.load({}))
    assert not setup.found()

    setup.apply()

    folder = home / ".config/kilo"
    assert (folder / "plugin/codemem.js").is_file()
    assert '"codemem"' in (folder / "kilo.json").read_text()
    assert not (home / ".config/opencode").exists()
    assert setup.changes() == []
    assert len(setup.remove()) == 2


def test_its_sessions_are_in_its_own_database(home: Path) -> None:
    """A name in the environment is taken as it is for OpenCode."""
    assert session_database({}, "kilo") == home / ".local/share/kilo/kilo.db"
