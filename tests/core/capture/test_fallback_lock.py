"""The lock of the hooks' fall-back: one at a time, whatever happened to the last one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codemem_core.capture.fallback_lock import fallback_lock
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError

HOLDER = """
import sys, time
from codemem_core.capture.fallback_lock import fallback_lock
from codemem_core.config.settings import Settings
with fallback_lock(Settings.load()) as held:
    print(held, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(home: Path) -> Path:
    """Name the lock's default place."""
    (home / ".codemem").mkdir()
    return home / ".codemem" / "claude-hook-ingest.lock"


@pytest.fixture
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock."""
    command = [sys.executable, "-c", HOLDER]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "True\n"
    yield child
    child.kill()
    child.communicate()


def held(wait_s: float = 0.0, **environ: str) -> bool:
    """Try to take the lock."""
    with fallback_lock(Settings.load(environ | os.environ), wait_s=wait_s) as taken:
        return taken


def test_it_is_free_again_after_use(folder: Path) -> None:
    """And leaves an empty private folder at the documented place."""
    assert held()
    assert held()
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_place_can_be_chosen(tmp_path: Path, folder: Path) -> None:
    """The setting names the folder."""
    assert held(CODEMEM_CLAUDE_HOOK_LOCK_DIR=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere").is_dir()
    assert not folder.exists()


def test_a_sleeping_holder_keeps_it_however_long(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    """No clock takes it away: an old folder, a stopped process."""
    holder.send_signal(signal.SIGSTOP)
    os.utime(folder, (0, 0))

    assert not held(CODEMEM_CLAUDE_HOOK_LOCK_TTL_S="1")


def test_a_killed_holder_frees_it(holder: subprocess.Popen[str]) -> None:
    """The kernel gives it back."""
    holder.kill()

    assert held(wait_s=20)


def write_older_form(folder: Path, *, pid: int | None, age_s: float) -> None:
    """Leave the lock as a release before 1.0 holds it."""
    folder.mkdir()
    since = time.time() - age_s
    if pid is not None:
        (folder / "pid").write_text(f"{pid}\n")
    (folder / "ts").write_text(f"{int(since)}\n")
    (folder / "owner").write_text("1-2-3\n")


@pytest.mark.parametrize(
    ("pid", "age_s", "taken"),
    [
        (1, 10, False),  # alive and young
        (1, 400, True),  # older than the TTL of 300 s
        (2**22 + 1, 0, True),  # dead: no pid is as large
        (None, 0, False),  # it may be about to write its pid
        (None, 10, True),  # older than the grace of 2 s
    ],
)
def test_a_holder_before_1_0_is_waited_for_until_stale(
    folder: Path, pid: int | None, age_s: float, taken: bool
) -> None:
    """By the documented rules of TTL and grace."""
    write_older_form(folder, pid=pid, age_s=age_s)

    assert held() is taken
    assert list(folder.iterdir()) == [] if taken else (folder / "ts").exists()


def test_ttl_and_grace_can_be_chosen(folder: Path) -> None:
    """As documented."""
    write_older_form(folder, pid=os.getpid(), age_s=10)

    assert held(CODEMEM_CLAUDE_HOOK_LOCK_TTL_S="5")
    folder.rmdir()
    write_older_form(folder, pid=None, age_s=10)
    assert not held(CODEMEM_CLAUDE_HOOK_LOCK_GRACE_S="60")


def test_a_folder_that_an_older_client_removes_is_made_anew(
    folder: Path, holder: subprocess.Popen[str]
) -> None:
    """Nobody waits for the lock on a folder that has no name any more."""
    folder.rmdir()

    assert held()
    assert folder.is_dir()


@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
def test_a_planted_place_is_refused_at_once(folder: Path, kind: str) -> None:
    """Neither followed nor waited for."""
    victim = folder.parent / "victim"
    victim.mkdir()
    victim.chmod(0o755)
    if kind == "link":
        folder.symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(folder)
    else:
        folder.write_text("mine")

    with pytest.raises(StoreError, match="not a folder"):
        held(wait_s=60)
    assert list(victim.iterdir()) == []
    assert victim.stat().st_mode & 0o777 == 0o755


def test_planted_metadata_is_neither_followed_nor_waited_for(folder: Path) -> None:
    """A link or a pipe in the place of `pid` and `ts` says nothing, and its target stays."""
    victim = folder.parent / "victim"
    victim.write_text(f"{os.getpid()}")
    folder.mkdir()
    (folder / "pid").symlink_to(victim)
    os.mkfifo(folder / "ts")
    os.utime(folder, (0, 0))

    assert held()
    assert victim.read_text() == f"{os.getpid()}"
