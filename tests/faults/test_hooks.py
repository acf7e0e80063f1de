"""Hooks and the server where the disk is full, read-only or rationed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.faults.audit import audit
from tests.faults.conftest import Report
from tests.faults.home import TEXT, Home, raw_event


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home on a disk of its own, 2 MiB large; its spool lies elsewhere."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    home = Home(disk)
    home.environ["CODEMEM_CLAUDE_HOOK_SPOOL_DIR"] = str(tmp_path / "spool")
    home.environ["CODEMEM_PLUGIN_LOG_PATH"] = str(tmp_path / "plugin.log")
    yield home
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(home: Home) -> Path:
    """Write until the disk is full; return the file that fills it."""
    filler = home.path / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return filler


def spooled(folder: Path) -> int:
    """Count the payloads of the tests in a spool."""
    return sum(b"kept-" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def run_hooks(home: Home, count: int, **options: Any) -> tuple[list[int], float]:
    """Run hooks one after another; return exit codes and processor seconds of the slowest."""
    codes, slowest = [], 0.0
    for number in range(count):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        codes.append(home.hook(f"kept-{number}", **options).wait(60))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        slowest = max(slowest, used)
    return codes, slowest


def test_hooks_spool_while_the_disk_is_full(home: Home, tmp_path: Path, report: Report) -> None:
    """They end well and fast, and the next server with room has every event once."""
    filler = fill(home)
    codes, slowest = run_hooks(home, 5)
    waiting = spooled(tmp_path / "spool")
    filler.unlink()
    wanted = [f"kept-{number}" for number in range(5)]
    home.take_in(wanted)
    found = audit(home.database, wanted, text=TEXT)

    report(rounds=5, slowest_cpu_s=round(slowest, 2), **asdict(found))
    assert codes == [0] * 5
    assert waiting == 5
    assert slowest < 1
    assert found.good


def test_the_server_outlives_a_full_disk(home: Home, tmp_path: Path, report: Report) -> None:
    """It refuses while there is no room, hooks spool, and it recovers alone."""
    server = home.serve()
    filler = fill(home)
    acknowledged = [f"full-{n}" for n in range(40) if home.post(raw_event(f"full-{n}"))]
    codes, _ = run_hooks(home, 5)
    waiting = spooled(tmp_path / "spool")
    filler.unlink()
    give_up = time.monotonic() + 30
    while not home.post(raw_event("after")) and time.monotonic() < give_up:
        time.sleep(0.1)
    wanted = [*acknowledged, "after", *(f"kept-{n}" for n in range(5))]
    while not home.stored().issuperset(wanted) and time.monotonic() < give_up:
        time.sleep(0.1)
    alive = server.poll() is None
    server.terminate()
    server.wait(60)
    found = audit(home.database, wanted, text=TEXT)

    report(rounds=46, **asdict(found))
    assert (alive, codes) == (True, [0] * 5)
    assert len(acknowledged) < 40
    assert waiting > 0
    assert found.good


def test_hooks_spool_when_the_folder_is_read_only(home: Home, tmp_path: Path) -> None:
    """A database that cannot be made is no reason to lose an event."""
    remount = ["mount", "-o", "remount,ro", str(home.path)]
    subprocess.run(remount, check=True)
    codes, _ = run_hooks(home, 2)

    assert codes == [0, 0]
    assert spooled(tmp_path / "spool") == 2


def rationed(kind: int, limit: int) -> Callable[[], None]:
    """Return what a child calls to live with a limit."""
    return lambda: resource.setrlimit(kind, (limit, limit))


def test_hooks_spool_what_is_too_large_for_the_database(tmp_path: Path) -> None:
    """With files of at most 8 KiB there is no database, but a spool."""
    home = Home(tmp_path)
    codes, _ = run_hooks(home, 2, preexec_fn=rationed(resource.RLIMIT_FSIZE, 8192))
    unspoiled = spooled(tmp_path / ".codemem" / "claude-hook-spool")
    home.take_in(["kept-0", "kept-1"])

    assert codes == [0, 0]
    assert unspoiled == 2
    assert audit(home.database, ["kept-0", "kept-1"], text=TEXT).good


@pytest.mark.parametrize("files", [*range(4, 12), 32])
def test_hooks_without_descriptors_make_no_false_promise(files: int, tmp_path: Path) -> None:
    """However few files a hook may open: stored, spooled, or known to be lost."""
    home = Home(tmp_path)
    limit = rationed(resource.RLIMIT_NOFILE, files)
    with home.hook("kept-0", preexec_fn=limit, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        said = running.stderr.read()
    stored = os.path.exists(home.database) and "kept-0" in home.stored()
    waiting = spooled(tmp_path / ".codemem")
    logged = home.log.read_text() if home.log.exists() else ""

    assert stored or waiting or "LOST" in logged or running.returncode or said
