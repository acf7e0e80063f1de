"""The guard: in the server's process nothing but APSW opens the database's files."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROBE = """
import io, os, pathlib, shutil, sys
import sqlite3
from codemem_core.errors import StoreError
from codemem_core.store.engine.fd_guard import guard
from codemem_core.store.engine.store import Store

path = sys.argv[1]
store = Store.open(path, threaded=True)
os.link(path, path + ".hard")
os.symlink(path, path + ".soft")
descriptor = os.open(path, os.O_RDONLY)
guard(path)
try:
    {attempt}
except StoreError as error:
    print("refused:", error)
else:
    print("opened")
store.write(lambda db: None)
with store.read() as first, store.read() as second:
    print(second.execute("PRAGMA user_version").get > 0)
store.close()
"""

REFUSED = [
    "open(path)",
    "open(path.encode(), 'rb')",
    "io.FileIO(path)",
    "os.open(path + '-shm', os.O_RDONLY)",
    "shutil.copyfile(path + '-wal', path + '.copy')",
    "pathlib.Path(path).read_bytes()",
    "open(path + '.hard')",
    "open(path + '.soft')",
    "open(f'/proc/self/fd/{descriptor}')",
    "os.chdir(os.path.dirname(path)); open('mem.sqlite')",
    "sqlite3.connect(path)",
    "sqlite3.connect(pathlib.Path(path))",
    "sqlite3.connect('file:' + path + '?mode=ro', uri=True)",
    "sqlite3.connect('file://localhost' + path.replace('m', '%6d') + '?mode=ro', uri=True)",
]
ALLOWED = [
    "open(path + '.other', 'w').close()",
    "open('/dev/null').close()",
    "sqlite3.connect(':memory:').close()",
    "sqlite3.connect(path + '.other').close()",
    "os.close(os.open(os.path.dirname(path), os.O_RDONLY))",
]


def attempt(code: str, database: str) -> list[str]:
    """Try something in a process that has the guard; return what it printed."""
    program = _PROBE.format(attempt=code)
    done = subprocess.run(
        [sys.executable, "-c", program, database], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("code", REFUSED)
def test_nobody_else_opens_the_files(code: str, database: str) -> None:
    """Whatever name they are opened by; the store itself goes on."""
    said, works = attempt(code, database)

    assert said.startswith("refused: not opened:")
    assert works == "True"


@pytest.mark.parametrize("code", ALLOWED)
def test_other_files_are_nobody_elses_business(code: str, database: str) -> None:
    """A plugin may have files and a database of its own."""
    said, works = attempt(code, database)

    assert (said, works) == ("opened", "True")


def test_the_guard_ends_when_it_is_told(database: str) -> None:
    """A server that found damage closes the file, and must read it then."""
    program = """
import sys
from codemem_core.store.engine.fd_guard import guard
from codemem_core.store.engine.store import Store
path = sys.argv[1]
with Store.open(path):
    unguard = guard(path)
unguard()
print(len(open(path, "rb").read(16)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, database], capture_output=True, text=True, check=True
    )

    assert done.stdout == "16\n"
