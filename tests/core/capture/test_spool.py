"""The spool: what neither server nor database took is kept, once, without its secrets."""

from __future__ import annotations

import json
import os
import random
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import codemem_claude.plugin
from codemem_core.capture import spool_files
from codemem_core.capture.fallback_lock import locked
from codemem_core.capture.intake import Intake
from codemem_core.capture.private_files import open_folder, read_file
from codemem_core.capture.spool import MAX_ATTEMPTS, Spool, SpoolFull
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events
from codemem_core.store.engine.store import Store

KEY = "ghp_" + "a1B2" * 9


def payload(prompt: str, session: str = "s") -> dict[str, str]:
    """Make a hook payload."""
    when = "2026-11-22T08:00:00Z"
    event = "UserPromptSubmit"
    return {"hook_event_name": event, "session_id": session, "prompt": prompt, "ts": when}


def intake() -> Intake:
    """Make an intake that knows Claude Code."""
    return Intake(Plugins.only(builtin, codemem_claude.plugin, settings=Settings.load({})))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a spool that does not exist yet."""
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Spool:
    """Open a roomy spool."""
    return Spool(str(folder), max_files=5_000, max_bytes=50_000_000)


def prompts(store: Store) -> list[str]:
    """Return the stored prompts in the order of their streams' numbers."""
    query = "SELECT payload FROM raw_events ORDER BY stream, seq"
    with store.read() as db:
        stored = [json.loads(row[0]) for row in db.execute(query)]
    return [event["_adapter"]["payload"]["text"] for event in stored]


def test_a_spooled_payload_reaches_the_store_once(spool: Spool, store: Store) -> None:
    """Drained twice, or spooled although it had been stored, it is one event."""
    for _ in range(2):
        spool.write("claude", payload("hello"))

    done = spool.drain(store, intake())
    assert (done.stored, done.duplicate) == (1, 1)
    assert spool.drain(store, intake()).stored == 0
    with store.read() as db:
        assert events.totals(db) == (1, 1)


def test_what_was_spooled_first_is_stored_first(spool: Spool, store: Store) -> None:
    """A stream keeps its order."""
    said = [f"prompt {n}" for n in range(20)]
    for prompt in said:
        spool.write("claude", payload(prompt))
    spool.drain(store, intake())

    assert prompts(store) == said


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_spool_holds_no_secret_and_is_private(spool: Spool, folder: Path, mask: int) -> None:
    """Redaction comes before the first durable byte, here too; the umask does not matter."""
    before = os.umask(mask)
    try:
        spool.write("claude", payload(f"key {KEY} <private>diary</private>"))
    finally:
        os.umask(before)

    (file,) = (folder / "new").iterdir()
    assert KEY not in file.read_text()
    assert "diary" not in file.read_text()
    modes = {stat.S_IMODE(os.lstat(path).st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {0o700, 0o600}


def test_a_folder_that_others_could_enter_is_closed(spool: Spool, folder: Path) -> None:
    """One that an older client made with the usual umask is mended."""
    folder.mkdir(mode=0o755)
    spool.write("claude", payload("x"))

    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


def test_a_poisonous_file_is_set_aside_with_the_reason(
    spool: Spool, folder: Path, store: Store
) -> None:
    """It neither stops the others nor is looked at again."""
    spool.write("claude", payload("good"))
    spool.write("claude", payload("bent"))
    bent = sorted((folder / "new").iterdir())[1]
    bent.write_bytes(bent.read_bytes()[:-9])
    (folder / "new" / "0-broken.json").write_text("{")

    done = spool.drain(store, intake())

    assert (done.stored, done.bad) == (1, 2)
    assert set(spool_files.status(str(folder)).bad.values()) == {
        "damaged or cut off: the checksum is wrong"
    }
    assert list((folder / "new").iterdir()) == list((folder / "cur").iterdir()) == []


def test_what_was_set_aside_gets_another_chance_on_demand(
    spool: Spool, folder: Path, store: Store
) -> None:
    """As when the plugin that understands it was missing."""
    spool.write("elsewhere", payload("x"))
    failed = [spool.drain(store, intake()) for _ in range(MAX_ATTEMPTS + 1)]

    assert [each.failed for each in failed] == [1] * MAX_ATTEMPTS + [0]
    assert failed[-1].bad == 1
    assert spool.retry_bad() == 1
    assert spool.drain(store, intake()).failed == 1


def test_a_database_that_takes_nothing_counts_against_no_payload(
    spool: Spool, folder: Path, store: Store
) -> None:
    """A full disk must not turn good payloads into bad ones."""
    spool.write("claude", payload("x"))
    name = next((folder / "new").iterdir()).name
    with Store.open(str(folder.parent / "other.sqlite"), threaded=True) as closed:
        pass
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(StoreError):
            spool.drain(closed, intake())

    assert [path.name for path in (folder / "new").iterdir()] == [name]
    assert spool.drain(store, intake()).stored == 1


def test_what_a_killed_process_held_comes_back(spool: Spool, folder: Path, store: Store) -> None:
    """Taken but not stored, or written but not named; a half one is set aside."""
    for prompt in ("taken", "unnamed", "half"):
        spool.write("claude", payload(prompt))
    taken, unnamed, half = sorted((folder / "new").iterdir())
    taken.rename(folder / "cur" / taken.name)
    half.write_bytes(half.read_bytes()[:50])
    for file in (unnamed, half):
        file.rename(folder / "tmp" / file.name)
        os.utime(folder / "tmp" / file.name, (0, 0))

    done = spool.drain(store, intake())

    assert (done.stored, done.bad) == (2, 1)


def test_a_draft_that_is_being_written_is_left_alone(
    spool: Spool, folder: Path, store: Store
) -> None:
    """Its writer names it in a moment."""
    spool.write("claude", payload("x"))
    file = next((folder / "new").iterdir())
    file.rename(folder / "tmp" / file.name)

    assert spool.drain(store, intake()).stored == 0
    assert (folder / "tmp" / file.name).exists()


@pytest.mark.parametrize("caps", [(2, 50_000_000), (5_000, 1_000)])
def test_a_full_spool_refuses_and_counts(folder: Path, caps: tuple[int, int]) -> None:
    """By files or by bytes; what it holds stays."""
    spool = Spool(str(folder), max_files=caps[0], max_bytes=caps[1])
    for _ in range(2):
        spool.write("claude", payload("x" * 200))
    for _ in range(3):
        with pytest.raises(SpoolFull):
            spool.write("claude", payload("x" * 900))

    found = spool_files.status(str(folder))
    assert (found.waiting, found.refused) == (2, 3)


def test_two_drainers_never_do_the_same(spool: Spool, folder: Path, store: Store) -> None:
    """While one is at it the other does nothing."""
    spool.write("claude", payload("x"))
    held = open_folder(str(folder / "cur"))
    with locked(held) as alone:
        done = spool.drain(store, intake())
    os.close(held)

    assert alone
    assert done.busy
    assert spool.drain(store, intake()).stored == 1


def test_planted_links_and_pipes_are_neither_followed_nor_waited_for(
    spool: Spool, folder: Path, store: Store
) -> None:
    """The victim is neither read, written nor removed."""
    victim = folder.parent / "victim"
    victim.write_text("mine")
    spool.write("claude", payload("good"))
    (folder / "new" / "link").symlink_to(victim)
    os.link(victim, folder / "new" / "hardlink")
    os.mkfifo(folder / "new" / "pipe")
    (folder / "new" / "folder").mkdir()

    done = spool.drain(store, intake())

    assert (done.stored, done.bad) == (1, 4)
    assert victim.read_text() == "mine"
    reasons = sorted(spool_files.status(str(folder)).bad.values())
    assert reasons[1:] == ["has another name elsewhere", "not a plain file", "not a plain file"]


@pytest.mark.parametrize("part", ["", "tmp", "new", "refused"])
@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
def test_a_planted_folder_is_refused(folder: Path, part: str, kind: str) -> None:
    """Nothing is written through it."""
    victim = folder.parent / "victim"
    victim.mkdir()
    place = folder / part
    place.parent.mkdir(exist_ok=True)
    if kind == "link":
        place.symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.write_text("")

    with pytest.raises(StoreError, match="not a folder"):
        Spool(str(folder), max_files=9, max_bytes=9).write("claude", payload("x"))
    assert list(victim.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_ours(
    spool: Spool, folder: Path, store: Store
) -> None:
    """A file is set aside, a folder refused."""
    spool.write("claude", payload("x"))
    os.chown(next((folder / "new").iterdir()), 12345, -1)

    assert spool.drain(store, intake()).bad == 1
    os.chown(folder, 12345, -1)
    with pytest.raises(StoreError, match="another user"):
        spool.write("claude", payload("x"))


class Trusting(Spool):
    """The planted bug: it believes what it reads."""

    def _read(self, name: str, folder: int) -> tuple[str, object]:
        kept = json.loads(read_file(name, folder=folder, largest=10**6).partition(b"\n")[2] or "{}")
        return str(kept.get("source", "claude")), kept.get("payload", {})


def _spoil(folder: Path, count: int) -> int:
    """Put bad files of every kind among the good ones; return how many."""
    body = next((folder / "new").iterdir()).read_bytes()
    kinds = [b"", b"{", body[:-1], body[70:], body.replace(b"prompt", b"promqt"), b"\xff" * 80]
    for number in range(count):
        name = f"{1_700_000_000_000_000_000 + number}.claude.{number:08x}.0"
        (folder / "new" / name).write_bytes(kinds[number % len(kinds)])
        if number % 10 == 0 and os.geteuid() == 0:
            os.chown(folder / "new" / name, 12345, -1)
    return count


def _drained_by_two(spool: Spool, folder: Path, store: Store) -> list[int]:
    """Fill a spool with 1,000 files, 400 of them good, let two drain it; return what they did."""
    draw = random.Random(13)
    for number in range(300):
        spool.write("claude", payload(f"{number:03}", f"s{draw.randrange(10)}"))
    for file in list((folder / "new").iterdir())[:100]:
        again = file.name.replace(".claude.", ".claude.f")[:-3] + ".0"
        (folder / "new" / again).write_bytes(file.read_bytes())
    _spoil(folder, 600)

    def drain(_: int) -> list[int]:
        runs = [spool.drain(store, intake(), limit=50) for _ in range(60)]
        return [sum(getattr(run, name) for run in runs) for name in ("stored", "duplicate", "bad")]

    with ThreadPoolExecutor(2) as pool:
        done = [sum(each) for each in zip(*pool.map(drain, range(2)), strict=True)]
    rest = spool.drain(store, intake(), limit=5_000)
    return [done[0] + rest.stored, done[1] + rest.duplicate, done[2] + rest.bad]


def test_a_thousand_files_and_two_drainers(spool: Spool, folder: Path, store: Store) -> None:
    """Each good payload is stored once and in order, each bad one set aside once."""
    done = _drained_by_two(spool, folder, store)
    stored = prompts(store)

    assert done == [300, 100, 600]
    assert sorted(stored) == [f"{number:03}" for number in range(300)]
    with store.read() as db:
        by_stream = db.execute("SELECT stream, count(*) FROM raw_events GROUP BY stream").fetchall()
    start = 0
    for _, length in by_stream:
        assert stored[start : start + length] == sorted(stored[start : start + length])
        start += length


def test_a_spool_that_checks_nothing_is_found_out(folder: Path, store: Store) -> None:
    """The test above can fail."""
    trusting = Trusting(str(folder), max_files=5_000, max_bytes=50_000_000)
    try:
        done = _drained_by_two(trusting, folder, store)
    except (ValueError, AttributeError):
        return
    assert done != [300, 100, 600]
