"""A real PostgreSQL for the tests, and homes that share a project over it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import apsw
import psycopg

from codemem_core.config.settings import Settings
from codemem_core.distil import manual
from codemem_core.distil.manual import Note
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store
from codemem_team import client, joining, local, plugin
from codemem_team.joining import NewTeam
from codemem_team.local import Membership
from codemem_team.sync import Round, sync

_DEBIAN = Path("/usr/lib/postgresql")
OWNER, MEMBERS = "owner", ("alice", "bob", "carol", "mallory")


def programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`, or None."""
    debian = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Server:
    """A PostgreSQL on a Unix socket in a folder of its own, run by a user that is not root."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self._bin = bin_folder
        self._user = 65534 if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            os.chown(folder, self._user, self._user)
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync")

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self._bin / name), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, user=self._user)

    def start(self, *, fsync: bool = False) -> None:
        """Start it and wait until it answers; here processes are killed, machines are not."""
        settings = {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "",
            "fsync": "on" if fsync else "off",
            "max_connections": "300",
            "shared_buffers": "32MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [str(self._bin / "postgres"), "-D", "data", *options],
            cwd=self.folder,
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up_at = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._run("pg_ctl", "-D", "data", "stop", "-m", "immediate")
            self._process.wait()
            self._process = None

    def dump(self) -> bytes:
        """Return what `pg_dump` writes of the database."""
        command = [str(self._bin / "pg_dump"), "-d", self.url("postgres")]
        return subprocess.run(command, check=True, capture_output=True, user=self._user).stdout

    def url(self, login: str, database: str = "codemem") -> str:
        """Return how a login connects."""
        return f"host={self.folder} user={login} dbname={database}"

    def as_login(self, login: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as a login, each statement for itself."""
        return psycopg.connect(self.url(login), autocommit=True)

    def make_database(self) -> None:
        """Replace the database by an empty one whose owner is no superuser."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS codemem WITH (FORCE)")
            connection.execute(f"CREATE DATABASE codemem OWNER {OWNER}".encode())

    def make_team(self, *, trusting: bool = False) -> None:
        """Make the tables and a team."""
        joining.make_team(self.settings_of(OWNER), NewTeam(name="acme", trusting=trusting))

    def settings_of(self, login: str) -> Settings:
        """Return the settings of somebody who connects as a login."""
        return settings_for(self.url(login))

    def count(self) -> int:
        """Return how many records the log has."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT count(*) FROM codemem.record").fetchone()
        return int(str((found or (0,))[0]))

    def add_member(self, login: str, role: str) -> None:
        """Let a login take part in every team."""
        with self.as_login(OWNER) as connection:
            query = "SELECT codemem.add_member(id, %s, %s) FROM codemem.team"
            connection.execute(query, (login, role))


def settings_for(url: str) -> Settings:
    """Return the settings of somebody who connects with a URL."""
    settings = Settings.load({**os.environ, "CODEMEM_TEAM_URL": url})
    Plugins.only(plugin, settings=settings)  # brings its settings
    return settings


@dataclass
class Home:
    """One machine of one person."""

    store: Store
    settings: Settings
    login: str

    @classmethod
    def open(cls, database: Path, url: str, login: str) -> Home:
        """Open a machine's database; it is in no team yet, or goes on in its team."""
        return cls(Store.open(str(database), threaded=True), settings_for(url), login)

    def join(self) -> None:
        """Take part in the team `acme`."""
        joining.take_part(self.store, self.settings, "acme", label=f"{self.login}'s machine")

    def set_clock(self, skew_ms: int) -> None:
        """Let this machine's clock be ahead of the others', or behind."""

        def now(*_: object) -> float:
            return time.time() + skew_ms / 1000

        def skew(db: apsw.Connection) -> None:
            flags = apsw.SQLITE_INNOCUOUS
            db.create_scalar_function("unixepoch", now, -1, flags=flags)

        self.store.write(skew)

    def member(self) -> Membership:
        """Return its membership."""
        with self.store.read() as db:
            return local.membership(db)

    def sync(self) -> Round:
        """Push and pull once."""
        with client.connected(self.settings) as connection:
            return sync(self.store, connection, self.member().team)

    def share(self, project: str = "api") -> None:
        """Share what comes in a project."""
        team = self.member().team
        self.store.write(lambda db: local.share(db, team, project, ()))

    def remember(self, title: str, body: str = "", *, project: str = "api") -> int:
        """Write a memory as its user would."""
        body = body or f"{title}, all of it."
        note = Note(kind="decision", title=title, body=body, origin="user")
        return manual.remember(self.store, note, project=project, cwd=None)

    def find(self, title: str) -> int:
        """Return the id of the memory with a title."""
        with self.store.read() as db:
            return int(db.execute("SELECT id FROM memories WHERE title = ?", (title,)).get)

    def titles(self) -> list[str]:
        """Return the titles of its memories, sorted; one that is there twice twice."""
        with self.store.read() as db:
            found = db.execute("SELECT title FROM memories WHERE active ORDER BY title").fetchall()
        return [title for (title,) in found]

    def state(self) -> dict[str, tuple[object, ...]]:
        """Return what each memory of the team says here, by subject; forgotten ones left out."""
        query = (
            "SELECT s.subject, m.title, m.body, m.narrative, m.facts, m.tags, m.kind, m.active"
            "  FROM team_subjects s LEFT JOIN memories m ON m.id = s.memory_id"
            " WHERE NOT s.forgotten"
        )
        with self.store.read() as db:
            return {row[0]: row[1:] for row in db.execute(query).fetchall()}

    def history(self) -> set[tuple[object, ...]]:
        """Return every record that is here or that this machine has sent."""
        query = (
            "SELECT device, idx, author, role, kind, subject, hlc, body FROM team_records"
            " WHERE idx > 0"
        )
        with self.store.read() as db:
            return set(db.execute(query).fetchall())
