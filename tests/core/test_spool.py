"""The spool: what neither server nor database took is kept, once, without its secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import codemem_claude.plugin
from codemem_core import builtin
from codemem_core.ingest import spool
from codemem_core.ingest.accept import Intake
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store import events
from codemem_core.store.store import Store

KEY = "ghp_" + "a1B2" * 9


def payload(prompt: str) -> dict[str, str]:
    """Make a hook payload."""
    when = "2026-11-22T08:00:00Z"
    return {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": prompt, "ts": when}


def intake() -> Intake:
    """Make an intake that knows Claude Code."""
    return Intake(Plugins.only(builtin, codemem_claude.plugin, settings=Settings.load({})))


def test_a_spooled_payload_reaches_the_store_once(tmp_path: Path, store: Store) -> None:
    """Drained twice, or spooled although it had been stored, it is one event."""
    folder = str(tmp_path / "spool")
    for _ in range(2):
        spool.write(folder, "claude", payload("hello"))

    assert spool.drain(folder, store, intake()) == 2
    assert spool.drain(folder, store, intake()) == 0
    with store.read() as db:
        assert events.totals(db) == (1, 1)


def test_the_spool_holds_no_secret_and_is_private(tmp_path: Path) -> None:
    """Redaction comes before the first durable byte, here too."""
    folder = tmp_path / "spool"
    spool.write(str(folder), "claude", payload(f"key {KEY} <private>diary</private>"))

    (file,) = (folder / "new").iterdir()
    assert KEY not in file.read_text()
    assert "diary" not in file.read_text()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_a_poisonous_file_is_set_aside(tmp_path: Path, store: Store) -> None:
    """It neither stops the others nor is looked at again."""
    folder = tmp_path / "spool"
    spool.write(str(folder), "claude", payload("good"))
    (folder / "new" / "0-broken.json").write_text("{")
    (folder / "new" / "1-wrong.json").write_text('{"source": "claude", "payload": []}')

    assert spool.drain(str(folder), store, intake()) == 1
    assert len(list((folder / "bad").iterdir())) == 2
    assert list((folder / "new").iterdir()) == []
