"""What can be wrong with an installation, each with how to mend it."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator

import apsw

from codemem_cli.health import agents, secret_probe
from codemem_core import paths
from codemem_core._version import __version__
from codemem_core.capture import spool_files
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, NotFound, StoreError
from codemem_core.hookpath import client, log, lost_count
from codemem_core.plugins.examine import HealthScope
from codemem_core.plugins.server_faults import with_faults
from codemem_core.records.protocols import Check
from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.remote_embedding import server_problem
from codemem_core.store import events, ledger
from codemem_core.store.engine.connection import connect, is_read_only, rows, translate
from codemem_core.store.engine.schema import version
from codemem_core.store.repair.check import check

MANY_PENDING = 5_000
"""Waiting events that say that nobody is flushing: a long session has about 1,000."""
LEAST_FREE_BYTES = 200_000_000
"""Free space below which the next weeks are in danger."""


class Installation:
    """The program's own examiner: versions, settings, database, spool, server, agents."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings every examiner is given; the scope has them, too."""

    def examine(self, scope: HealthScope) -> Iterator[Check]:
        """Look at everything."""
        for look in _CHECKS:
            yield from look(scope)


def _settings(scope: HealthScope) -> Iterator[Check]:
    for problem in scope.settings.problems:
        yield _bad("settings", problem, "correct it; until then the default counts")
    if not scope.settings.problems:
        yield _good("settings", "every value can be used")


def _plugins(scope: HealthScope) -> Iterator[Check]:
    listing = scope.plugins.listing()
    if scope.whole:  # the server, which asks for less, need not ask itself
        listing = with_faults(listing, scope.database)
    wrong = [info for info in listing if info.problem]
    for info in wrong:
        text = f"plugin {info}: {info.problem}"
        yield _bad("plugins", text, "update the plugin, or go without it: `-p no:NAME`")
    if not wrong:
        yield _good("plugins", f"{len(listing)} loaded")
    theirs = [str(info) for info in listing if info.third_party]
    if theirs:
        yield _good("plugins", f"third-party: {', '.join(theirs)}")


def _database(scope: HealthScope) -> Iterator[Check]:
    """Look into the database, if it opens at all."""
    try:
        db = connect(scope.database, readonly=True)
    except NotFound:
        yield _good("database", f"none yet: `{scope.database}`; the first event makes it")
        return
    except StoreError as error:
        yield _bad("database", str(error), error.hint or "codemem db check")
        return
    try:
        version(db, scope.database)
        if scope.whole:
            damage = [str(row[0]) for row in rows(db, "PRAGMA quick_check(5)")]
            if damage != ["ok"]:
                text = f"damaged: `{scope.database}`: {' '.join(' '.join(damage).split())}"
                yield _bad("database", text, "codemem db salvage")
                return
            yield _good("database", f"whole: `{scope.database}`")
        yield from _ledger(db, scope)
        yield from _queue(db)
    except StoreError as error:
        yield _bad("database", str(error), error.hint or "codemem db check")
    except apsw.Error as error:
        told = translate(error, scope.database)
        yield _bad("database", str(told), told.hint or "codemem db salvage")
    finally:
        db.close(True)


def _kept(scope: HealthScope) -> Iterator[Check]:
    """Look for damaged databases that were kept beside their salvaged successor."""
    for path in sorted(glob.glob(f"{glob.escape(scope.database)}.damaged-*")):
        if not path.endswith(("-wal", "-shm")):
            text = f"a damaged database was salvaged and kept: `{path}`"
            yield _bad("database", text, f"remove it when nothing is missed: `rm {path}*`")


def _index(scope: HealthScope) -> Iterator[Check]:
    """Whether search finds what the memories say."""
    if not scope.whole or not os.path.exists(scope.database):
        return
    try:
        health = check(scope.database, quick=True)
    except StoreError:
        return
    if health.damage:
        return  # said already
    if not health.index_in_step:
        hint = "codemem db check, or `codemem doctor --fix`, makes it anew"
        yield _bad("search", "the index is out of step with the memories", hint)
    if health.schema:
        text = f"not as they should be: `{', '.join(health.schema)}`"
        yield _bad("tables", text, "`codemem db restore` brings the last backup back")
    if health.orphans:
        text = f"{health.orphans} rows point to rows that are gone"
        yield _bad("tables", text, "`codemem db restore` brings the last backup back")
    if health.sound:
        yield _good("search", "the index says what the memories say")


def _ledger(db: apsw.Connection, scope: HealthScope) -> Iterator[Check]:
    spooled, refused = spool_files.counts(_spool_path(scope))
    entries = ledger.entries(db, spooled=spooled, refused=refused)
    wrong = ledger.differences(db, entries)
    for each in wrong:
        when = f" on {each.day}" if each.day else ""
        text = f"{each.events} events of `{each.source}`{when}: {each.problem}"
        yield _bad("ledger", text, "please report it with the output of `codemem stats --json`")
    if not wrong:
        yield _good("ledger", f"balances: {sum(entry.received for entry in entries)} received")


# What time alone mends, a busy provider or no network, is not among them.
_REFUSED = """
    SELECT count(*), (SELECT error_kind || ': ' || error FROM batches
                       WHERE state = 'failed' AND error_kind IN ('settings', 'auth', 'permanent')
                       ORDER BY updated_ms DESC LIMIT 1)
      FROM batches WHERE state = 'failed' AND error_kind IN ('settings', 'auth', 'permanent')
"""
_WITHOUT_MODEL = """
    SELECT count(*), (SELECT error_kind || ': ' || error FROM batches
                       WHERE state = 'completed' AND error IS NOT NULL
                       ORDER BY updated_ms DESC LIMIT 1)
      FROM batches WHERE state = 'completed' AND error IS NOT NULL
"""


def _queue(db: apsw.Connection) -> Iterator[Check]:
    dead = rows(db, "SELECT count(*) FROM batches WHERE state = 'dead'")[0][0]
    if dead:
        hint = "`codemem queue status` shows the reason, `codemem queue retry STREAM` tries again"
        many = "1 batch was" if dead == 1 else f"{dead} batches were"
        yield _bad("queue", f"{many} given up", hint)
    [(failed, why)] = rows(db, _REFUSED)
    if failed:
        hint = (
            "`codemem dev observer test` tries the observer, `codemem config` sets its credential"
        )
        yield _bad("observer", f"{failed} flushes wait for a person, the last one: {why}", hint)
    [(missed, why)] = rows(db, _WITHOUT_MODEL)
    if missed:
        hint = "`codemem queue reobserve --without-model --apply` asks the model again"
        many = "1 batch was" if missed == 1 else f"{missed} batches were"
        yield _bad("observer", f"{many} distilled without the model, the last one: {why}", hint)
    streams, waiting = events.totals(db)
    text = f"{waiting} events of {streams} sessions wait to become memories"
    if waiting > MANY_PENDING:
        yield _bad("queue", text, "codemem serve start; codemem queue status shows what fails")
    else:
        yield _good("queue", text)


def _spool(scope: HealthScope) -> Iterator[Check]:
    found = spool_files.status(_spool_path(scope))
    if found.bad:
        reason = next(iter(found.bad.values()))
        text = f"{len(found.bad)} payloads were set aside, the first: {reason or 'no reason noted'}"
        yield _bad(
            "spool",
            text,
            "codemem queue spool status; `codemem queue spool drain --bad` tries again",
        )
    if found.refused:
        text = f"{found.refused} payloads were refused by a full spool"
        yield _bad("spool", text, f"they are lost; note it and remove `{found.path}/refused`")
    if found.waiting:
        yield _bad("spool", f"{found.waiting} payloads wait", "codemem queue spool drain")
    if not (found.bad or found.refused or found.waiting):
        yield _good("spool", "empty")


def _hooks(scope: HealthScope) -> Iterator[Check]:
    """Look for payloads that neither the server, the database nor the spool took."""
    path = paths.log_path(scope.settings)
    lost = log.lost(path)
    counted, last = lost_count.counted(scope.database)
    if number := len(lost) + counted:
        text = f"{number} payloads of hooks are lost, the last: {max([*lost[-1:], last])}"
        files = [f"the lines from `{path}`"] if lost else []
        files += [f"`{paths.lost_count_path(scope.database)}`"] if counted else []
        yield _bad("hooks", text, f"note it and remove {' and '.join(files)}")
    else:
        yield _good("hooks", "no payload was lost")


def _server(scope: HealthScope) -> Iterator[Check]:
    """Not running is no fault: hooks store events themselves then."""
    note = paths.read_server_note(scope.database)
    if not client.answers(paths.socket_path(scope.database)):
        yield _good("server", "not running; `codemem serve start` starts it")
    elif note.get("problem"):
        text = f"running, but its pages cannot be opened: {note['problem']}"
        yield _bad("server", text, str(note.get("hint")))
    else:
        yield _good("server", "running")


def _canary(scope: HealthScope) -> Iterator[Check]:
    """Secrets are planted where events come in; a plugin may have let them through."""
    if not scope.whole:
        return
    try:
        found = secret_probe.leaks(scope.plugins)
    except (CodememError, OSError) as error:
        yield _bad("secrets", f"could not be tried: {error}", "see the other findings")
        return
    if found:
        hint = "`codemem plugins` lists who reads events; go without it: `-p no:NAME`"
        yield _bad("secrets", f"planted ones were stored: {', '.join(found)}", hint)
    else:
        yield _good("secrets", "planted ones did not reach the disk")


def _room(scope: HealthScope) -> Iterator[Check]:
    folder = os.path.dirname(scope.database)
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    if is_read_only(folder):
        hint = "events are lost and nothing is remembered until it can be written to"
        yield _bad("disk", f"mounted read-only: `{folder}`", hint)
        return
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free: `{folder}`"
    if free < LEAST_FREE_BYTES:
        yield _bad("disk", text, "make room: a full disk stops the database")
    else:
        yield _good("disk", text)


def _hosts(scope: HealthScope) -> Iterator[Check]:
    """Ask every agent that is there whether it reaches us; that runs programs of others."""
    for name, found in agents.checks(scope.plugins, scope.database) if scope.whole else ():
        yield Check(name=name, ok=found.ok, text=found.text, hint=found.hint)


def _versions(_: HealthScope) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    sqlite = apsw.sqlite_lib_version()
    yield _good("versions", f"codemem {__version__}, Python {python}, SQLite {sqlite}")


def _embedder(scope: HealthScope) -> Iterator[Check]:
    """Ask it for a vector. None, or one without its model, is no fault: search goes by words."""
    meaning = Meaning(scope.plugins, scope.settings)
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
        if problem := server_problem(scope.database):
            hint = "`codemem serve restart` starts it with what is installed and set now"
            yield _bad("embedder", f"the server goes by words all the same: {problem}", hint)


def _permissions(scope: HealthScope) -> Iterator[Check]:
    """Nothing of ours is anybody else's to read, replace or own."""
    foreign = [path for path in _own(scope) if os.lstat(path).st_uid != os.geteuid()]
    for path in foreign:
        yield _bad("files", f"belongs to another user: `{path}`", "move it away")
    open_ones = [(path, mode) for path, mode in not_private(scope) if path not in foreign]
    for path, mode in open_ones:
        hint = f"chmod {mode:o} '{path}', or `codemem doctor --fix`"
        yield _bad("files", f"other users can open `{path}`", hint)
    if not foreign and not open_ones:
        yield _good("files", "private")


def not_private(scope: HealthScope) -> list[tuple[str, int]]:
    """Return files and folders that other users can open, and the mode each should have."""
    found = []
    for path in _own(scope):
        status = os.lstat(path)
        if not stat.S_ISLNK(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077:
            found.append((path, 0o700 if stat.S_ISDIR(status.st_mode) else 0o600))
    return found


def _own(scope: HealthScope) -> list[str]:
    """Return what there is of our files; the config file counts when a secret stands in it."""
    own = [scope.database, os.path.dirname(scope.database), _spool_path(scope)]
    own += [f"{scope.database}{end}" for end in ("-wal", "-shm")]
    own += [paths.viewer_token_path(scope.database), paths.log_path(scope.settings)]
    settings = scope.settings
    secret = any(each.secret and settings.where(each.key) == "file" for each in settings.all())
    if settings.file is not None and secret:
        own.append(settings.file)
    return [path for path in own if os.path.lexists(path)]


_CHECKS: tuple[Callable[[HealthScope], Iterator[Check]], ...] = (
    _versions,
    _settings,
    _plugins,
    _database,
    _kept,
    _index,
    _spool,
    _hooks,
    _server,
    _embedder,
    _permissions,
    _room,
    _hosts,
    _canary,
)


def _spool_path(scope: HealthScope) -> str:
    return scope.settings.path("claude_hook_spool_dir")


def _good(check: str, text: str) -> Check:
    return Check(name=check, ok=True, text=text)


def _bad(check: str, text: str, hint: str) -> Check:
    return Check(name=check, ok=False, text=text, hint=hint)
