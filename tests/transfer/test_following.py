"""Files that agents are told by are followed while the server runs."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from codemem_core.capture.delivery import Parcel
from codemem_core.capture.intake import Intake
from codemem_core.capture.receive import receive
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.memory import NewMemory
from codemem_core.store import journal, memories, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer.following import AgentFilesWorker, look


@pytest.fixture
def plugins(home: Path) -> Plugins:
    """Load what is installed."""
    return Plugins.load(Settings.load({"HOME": str(home)}))


@pytest.fixture
def project(store: Store, plugins: Plugins, tmp_path: Path) -> Path:
    """Make a project in which an agent worked."""
    folder = tmp_path / "shop"
    (folder / ".git").mkdir(parents=True)
    payload = {"hook_event_name": "SessionStart", "session_id": "s1", "cwd": str(folder)}
    payload |= {"source": "startup", "ts": "2033-05-18T00:00:00Z"}
    receive(store, Intake(plugins), Parcel(source="codex", payload=payload))
    return folder


def told(store: Store) -> set[tuple[str, str | None]]:
    """Return body and project of what is there and not forgotten."""
    with store.read() as db:
        return set(rows(db, "SELECT body, project FROM memories WHERE active = 1"))


FILES = {
    ".claude/CLAUDE.md": None,
    ".codex/AGENTS.md": None,
    ".codex/memories/notes.md": None,
    ".copilot/copilot-instructions.md": None,
    ".gemini/GEMINI.md": None,
    ".config/opencode/AGENTS.md": None,
    "shop:AGENTS.md": "shop",
    "shop:CLAUDE.md": "shop",
    "shop:GEMINI.md": "shop",
    "shop:.github/copilot-instructions.md": "shop",
}


@pytest.mark.parametrize("name", FILES)
def test_each_agents_file_is_followed(
    name: str, store: Store, plugins: Plugins, project: Path, home: Path
) -> None:
    """What is new is imported, what changed replaces it, what was taken out is forgotten."""
    where, _, below = name.rpartition(":")
    file = (project if where else home) / below
    file.parent.mkdir(parents=True, exist_ok=True)
    look(store, plugins)

    file.write_text("# Tests\nrun tox\n# Style\nshort functions\n")
    look(store, plugins)
    first = told(store)
    file.write_text("# Tests\nrun pytest, not tox\n")
    look(store, plugins)

    assert first == {("run tox", FILES[name]), ("short functions", FILES[name])}
    assert told(store) == {("run pytest, not tox", FILES[name])}


def test_nothing_is_read_that_did_not_change(store: Store, plugins: Plugins, project: Path) -> None:
    """Not even by another server: what was seen is kept beside the database."""
    (project / "AGENTS.md").write_text("# Tests\nrun tox\n")

    assert [look(store, plugins), look(store, plugins)] == [1, 0]


def test_what_was_undone_stays_so(store: Store, plugins: Plugins, project: Path) -> None:
    """Until the file says something else."""
    (project / "AGENTS.md").write_text("# Tests\nrun tox\n")
    look(store, plugins)
    with store.read() as db:
        entry = rows(db, "SELECT max(id) FROM journal")[0][0]
    store.write(lambda db: journal.undo(db, entry, by="cli", now_ms=2_000_000_000_000))
    look(store, plugins)

    assert told(store) == set()


def test_what_codemem_told_does_not_come_back_as_new(
    store: Store, plugins: Plugins, project: Path, home: Path
) -> None:
    """An agent writes down in its own notes what it was told; only what it adds is new."""
    said = "Round once per VAT rate, because the export checks each rate by itself."
    new = NewMemory(key="k1", kind="decision", title="VAT rounding", body=said, origin="user")

    def remember(db: apsw.Connection) -> None:
        session = sessions.by_hand(db, project="shop", cwd=str(project), now_ms=1)
        memories.add(db, new, session_id=session, now_ms=1)

    store.write(remember)
    notes = home / ".codex/memories"
    notes.mkdir(parents=True)
    (notes / "vat.md").write_text(f"# VAT\n- {said}\n# Deploy\nuse the blue host\n")
    (project / "AGENTS.md").write_text(f"# VAT\n\n* {said.replace('each', '**each**')}\n")

    look(store, plugins)

    assert told(store) == {(said, "shop"), ("use the blue host", None)}


def test_the_server_looks_by_itself(store: Store, project: Path, home: Path) -> None:
    """Every `agent_files_poll_s`."""
    (project / "AGENTS.md").write_text("# Tests\nrun tox\n")
    environ = {"HOME": str(home), "CODEMEM_AGENT_FILES_POLL_S": "1"}
    worker = AgentFilesWorker(
        Settings.load(environ, extra=Plugins.load(Settings.load(environ)).settings().values())
    )
    stop = threading.Event()
    runs = threading.Thread(target=worker.run, args=(store, stop))
    runs.start()
    try:
        for _ in range(200):
            if told(store):
                break
            stop.wait(0.05)
    finally:
        stop.set()
        runs.join()

    assert told(store) == {("run tox", "shop")}
    assert worker.health() == []
