"""What can be wrong with an installation, each with how to mend it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import apsw

from codemem_core import paths
from codemem_core.errors import CodememError, NotFound, StoreError
from codemem_core.ingest import spool_files
from codemem_core.meaning import Meaning
from codemem_core.plugins import Plugins
from codemem_core.settings import Settings
from codemem_core.store import events, ledger
from codemem_core.store.connection import connect, rows, translate

MANY_PENDING = 5_000
"""Waiting events that say that nobody is flushing: a long session has about 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    check: str
    ok: bool
    text: str
    hint: str = ""
    """How to mend it; empty when nothing has to be."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined."""

    settings: Settings
    plugins: Plugins
    database: str


def examine(patient: Patient) -> list[Finding]:
    """Look at everything and return what was found; reads only."""
    return [finding for check in _CHECKS for finding in check(patient)]


def _settings(patient: Patient) -> Iterator[Finding]:
    for problem in patient.settings.problems:
        yield _bad("settings", problem, "correct it; until then the default counts")
    if not patient.settings.problems:
        yield _good("settings", "every value can be used")


def _plugins(patient: Patient) -> Iterator[Finding]:
    for problem in patient.plugins.problems:
        yield _bad("plugins", problem, "update the plugin, or go without it: `-p no:NAME`")
    if not patient.plugins.problems:
        yield _good("plugins", f"{len(patient.plugins.listing())} loaded")


def _database(patient: Patient) -> Iterator[Finding]:
    """Look into the database, if it opens at all."""
    try:
        db = connect(patient.database, readonly=True)
    except NotFound:
        yield _good("database", f"none yet: `{patient.database}`; the first event makes it")
        return
    except StoreError as error:
        yield _bad("database", str(error), error.hint or "codemem db check")
        return
    try:
        damage = [str(row[0]) for row in rows(db, "PRAGMA quick_check(5)")]
        if damage != ["ok"]:
            text = " ".join(" ".join(damage).split())
            yield _bad("database", f"damaged: `{patient.database}`: {text}", "codemem db salvage")
            return
        yield _good("database", f"whole: `{patient.database}`")
        yield from _ledger(db, patient)
        yield from _queue(db)
    except apsw.Error as error:
        told = translate(error, patient.database)
        yield _bad("database", str(told), told.hint or "codemem db salvage")
    finally:
        db.close(True)


def _ledger(db: apsw.Connection, patient: Patient) -> Iterator[Finding]:
    spooled, refused = spool_files.counts(_spool_path(patient))
    entries = ledger.entries(db, spooled=spooled, refused=refused)
    wrong = ledger.differences(db, entries)
    for each in wrong:
        when = f" on {each.day}" if each.day else ""
        text = f"{each.events} events of `{each.source}`{when}: {each.problem}"
        yield _bad("ledger", text, "please report it with the output of `codemem stats --json`")
    if not wrong:
        yield _good("ledger", f"balances: {sum(entry.received for entry in entries)} received")


def _queue(db: apsw.Connection) -> Iterator[Finding]:
    dead = rows(db, "SELECT count(*) FROM batches WHERE state = 'dead'")[0][0]
    if dead:
        hint = "codemem raw-events-status shows the reason, raw-events-retry STREAM tries again"
        yield _bad("queue", f"{dead} batches were given up", hint)
    streams, waiting = events.totals(db)
    text = f"{waiting} events of {streams} sessions wait to become memories"
    if waiting > MANY_PENDING:
        yield _bad("queue", text, "codemem serve start; codemem raw-events-status shows what fails")
    else:
        yield _good("queue", text)


def _spool(patient: Patient) -> Iterator[Finding]:
    found = spool_files.status(_spool_path(patient))
    if found.bad:
        reason = next(iter(found.bad.values()))
        text = f"{len(found.bad)} payloads were set aside, the first: {reason or 'no reason noted'}"
        yield _bad("spool", text, "codemem spool status; `codemem spool drain --bad` tries again")
    if found.refused:
        text = f"{found.refused} payloads were refused by a full spool"
        yield _bad("spool", text, f"they are lost; note it and remove `{found.path}/refused`")
    if found.waiting:
        yield _bad("spool", f"{found.waiting} payloads wait", "codemem spool drain")
    if not (found.bad or found.refused or found.waiting):
        yield _good("spool", "empty")


def _server(patient: Patient) -> Iterator[Finding]:
    """Not running is no fault: hooks store events themselves then."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        try:
            client.connect(paths.socket_path(patient.database))
        except OSError:
            yield _good("server", "not running; `codemem serve start` starts it")
        else:
            yield _good("server", "running")


def _embedder(patient: Patient) -> Iterator[Finding]:
    """Ask it for a vector. None, or one without its model, is no fault: search goes by words."""
    meaning = Meaning(patient.plugins, patient.settings)
    if meaning.name is None:
        yield _good("embedder", f"search goes by words: {meaning.problem}")
        return
    try:
        meaning.embed(["codemem doctor"])
    except NotFound as error:
        yield _good("embedder", f"search goes by words: {error}; {error.hint}")
    except CodememError as error:
        hint = error.hint or "correct it, or set CODEMEM_EMBEDDING_DISABLED=1"
        yield _bad("embedder", f"search goes by words: {error}", hint)
    else:
        yield _good("embedder", f"`{meaning.name}` works, with {meaning.model()}")


def _permissions(patient: Patient) -> Iterator[Finding]:
    """Nothing of ours is anybody else's to read, replace or own."""
    own = [patient.database, os.path.dirname(patient.database), _spool_path(patient)]
    own += [f"{patient.database}{end}" for end in ("-wal", "-shm")]
    own += [paths.viewer_token_path(patient.database), paths.log_path(patient.settings)]
    wrong = [finding for path in own for finding in _permission(path)]
    yield from wrong
    if not wrong:
        yield _good("files", "private")


def _permission(path: str) -> Iterator[Finding]:
    try:
        status = os.lstat(path)
    except OSError:
        return
    if status.st_uid != os.geteuid():
        yield _bad("files", f"belongs to another user: `{path}`", "move it away")
    elif stat.S_ISLNK(status.st_mode):
        return
    elif stat.S_IMODE(status.st_mode) & 0o077:
        mode = "700" if stat.S_ISDIR(status.st_mode) else "600"
        yield _bad("files", f"other users can open `{path}`", f"chmod {mode} '{path}'")


_CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    _settings,
    _plugins,
    _database,
    _spool,
    _server,
    _embedder,
    _permissions,
)


def _spool_path(patient: Patient) -> str:
    return patient.settings.path("claude_hook_spool_dir")


def _good(check: str, text: str) -> Finding:
    return Finding(check=check, ok=True, text=text)


def _bad(check: str, text: str, hint: str) -> Finding:
    return Finding(check=check, ok=False, text=text, hint=hint)
