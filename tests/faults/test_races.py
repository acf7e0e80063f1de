"""Somebody swaps folders and plants links while we write; somebody else wants the lock too."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from unittest import mock

import pytest

from codemem_core.capture import fallback_lock as lock
from codemem_core.capture import spool
from codemem_core.capture.fallback_lock import fallback_lock
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from tests.faults.conftest import Report

LONG = pytest.param(5_000, marks=pytest.mark.faults)
PARTS = ("tmp", "new")
spawned = multiprocessing.get_context("fork")


# --- the spool -----------------------------------------------------------------------------------


def swap(folder: Path, victim: Path, stop: Event) -> None:
    """Put a link to the victim in the place of the spool's folders, and take it away again."""
    while not stop.is_set():
        for part in PARTS:
            place, aside = folder / part, folder / f"{part}.aside"
            with suppress(OSError):
                place.rename(aside)
                place.symlink_to(victim)
            with suppress(OSError):
                place.unlink()  # fails when the spool has made it anew meanwhile
            with suppress(OSError):
                place.mkdir(0o700)
            for file in aside.iterdir() if aside.exists() else ():
                with suppress(OSError):
                    file.rename(place / file.name)
            with suppress(OSError):
                aside.rmdir()


@contextmanager
def attacked(work: Callable[..., None], *arguments: object) -> Iterator[None]:
    """Let another process do the work as long as the block runs."""
    stop = spawned.Event()
    process = spawned.Process(target=work, args=(*arguments, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(60)


def write_under_attack(folder: Path, *, rounds: int) -> tuple[int, int, list[str]]:
    """Write so often; return the acknowledged, the kept, and what came to lie with the victim."""
    victim = folder.parent / "victim"
    victim.mkdir()
    (victim / "precious").write_text("mine")
    place = Spool(str(folder), max_files=10 * rounds, max_bytes=10**9)
    place.write("claude", {"n": -1})
    acked = 1
    with attacked(swap, folder, victim):
        for n in range(rounds):
            with suppress(StoreError, OSError):
                place.write("claude", {"n": n})
                acked += 1
    kept = len(list(folder.glob("new*/*.claude.*")))
    return acked, kept, sorted(os.listdir(victim))


@pytest.mark.parametrize("rounds", [300, LONG])
def test_a_swapped_folder_gets_nothing_and_costs_nothing(
    tmp_path: Path, rounds: int, report: Report
) -> None:
    """What was acknowledged is in the spool; the victim's folder is as it was."""
    acked, kept, at_victim = write_under_attack(tmp_path / "spool", rounds=rounds)

    report(rounds=rounds, acked=acked, kept=kept)
    assert at_victim == ["precious"]
    assert kept >= acked > rounds // 20


def test_following_a_link_would_be_noticed(tmp_path: Path) -> None:
    """The planted bug: folders are opened by name, wherever that leads."""

    def follow(path: str, *, parent: int | None = None) -> int:
        with suppress(FileExistsError):
            os.mkdir(path, 0o700, dir_fd=parent)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=parent)

    def is_noticed(attempt: int) -> bool:
        place = tmp_path / str(attempt) / "spool"
        place.parent.mkdir()
        acked, kept, at_victim = write_under_attack(place, rounds=1_000)
        return at_victim != ["precious"] or kept < acked

    # A race: the attacker may be unlucky a thousand times, hardly ten thousand.
    with mock.patch.object(spool, "open_folder", follow):
        assert any(map(is_noticed, range(10)))


# --- the lock ------------------------------------------------------------------------------------


def take_turns(folder: str, rounds: int, doubles: object) -> None:
    """Take the lock so often; count how often somebody else was in it too."""
    settings = Settings.load({"CODEMEM_CLAUDE_HOOK_LOCK_DIR": f"{folder}/lock"})
    for _ in range(rounds):
        with fallback_lock(settings, wait_s=60) as held:
            if not held:
                continue
            try:
                os.close(os.open(f"{folder}/inside", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                with doubles.get_lock():  # type: ignore[attr-defined]
                    doubles.value += 1  # type: ignore[attr-defined]
            else:
                os.unlink(f"{folder}/inside")


def doubles(folder: Path, *, rounds: int) -> int:
    """Let eight processes take turns; return how often two were in at once."""
    count = spawned.Value("i", 0)
    each = (str(folder), rounds // 8, count)
    racers = [spawned.Process(target=take_turns, args=each) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(300)
    assert [racer.exitcode for racer in racers] == [0] * 8
    return int(count.value)


@pytest.mark.parametrize("rounds", [200, pytest.param(1_000, marks=pytest.mark.faults)])
def test_the_lock_never_has_two_holders(tmp_path: Path, rounds: int, report: Report) -> None:
    """Eight processes want it at once, over and over."""
    found = doubles(tmp_path, rounds=rounds)

    report(rounds=rounds, double_holders=found)
    assert found == 0


def test_a_lock_that_locks_nothing_would_be_noticed(tmp_path: Path) -> None:
    """The planted bug."""
    with mock.patch.object(lock, "_take", lambda *_: True):
        assert any(doubles(tmp_path, rounds=4_000) for _ in range(10))
