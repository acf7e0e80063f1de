"""Storing what a host sent."""

from pathlib import Path

from codemem_core.capture.delivery import Parcel
from codemem_core.capture.intake import Intake
from codemem_core.capture.receive import Received, receive_all
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import epoch_ms
from codemem_core.store import events, ledger
from codemem_core.store.engine.store import Store

OLD = "2020-01-31T12:00:00Z"


def line(text: str) -> Parcel:
    """Return a prompt of long ago, as a host's own record has it."""
    payload = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "s1",
        "cwd": "/tmp/demo",
        "prompt": text,
        "ts": OLD,
    }
    return Parcel(source="claude", payload=payload, past=True)


def test_of_many_parcels_the_unusable_are_counted_and_the_rest_is_stored(tmp_path: Path) -> None:
    """One odd line of a log costs nothing but itself; the ledger knows of it."""
    intake = Intake(Plugins.load(Settings.load({})))
    parcels = [line("fix the login"), Parcel(source="claude", payload=None), line("fix the login")]
    with Store.open(str(tmp_path / "mem.sqlite")) as store:
        done = receive_all(store, intake, parcels)
        with store.read() as db:
            (event,) = events.page(db, 1, first=0, last=10, key=("claude", "s1"))
            (entry,) = ledger.entries(db)

    assert done == Received(stored=1, duplicates=1, refused=1)
    assert event.ts_ms == epoch_ms(OLD)
    assert (entry.stored, entry.duplicate, entry.rejected) == (1, 1, 1)
