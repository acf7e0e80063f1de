"""A purged secret is nowhere: no byte of any file of ours holds it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Literal

import apsw
import pytest

from codemem_cli.upkeep import secret_purge
from codemem_cli.upkeep.secret_forms import Secret
from codemem_core.config.settings import Settings
from codemem_core.errors import InputError, StoreError
from codemem_core.retrieval.search import search
from codemem_core.store import events, journal, memories, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_core.store.repair import backup
from tests.conftest import EventMaker
from tests.transfer.old_store import everyday

SECRET = 'Zürich"horse\\7 staple'
PLAIN = "correct-horse-battery-9"
NOW_MS = 1_790_000_000_000


def remember(db: apsw.Connection, secret: str) -> int:
    """Write a memory with a secret in every text it has, past the redaction."""
    session = sessions.by_hand(db, project="app", cwd="/app", now_ms=1)
    db.execute(
        "INSERT INTO memories (key, session_id, kind, title, body, facts, files_modified, tags,"
        " words, origin, project, created_ms, updated_ms, metadata)"
        " VALUES (hex(randomblob(8)), :s, 'note', :x, 'use ' || :x || ' here', :l, :l,"
        " 'note ' || :t, :x, 'user', 'app', 1, 1, :m)",
        {
            "s": session,
            "x": secret,
            "l": json.dumps([secret]),
            "t": Secret(secret).tag,
            "m": json.dumps({"a": json.dumps({"b": secret})}),
        },
    )
    return db.last_insert_rowid()


def places(folder: Path) -> list[str]:
    """Return the files below a folder with a form of a secret in them."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(Secret(text).is_in(path.read_bytes()) for text in (SECRET, PLAIN))
    )


@pytest.fixture
def leaked(home: Path, make_event: EventMaker) -> str:
    """Leave two secrets wherever one can be; return the database."""
    folder = home / ".codemem"
    path = str(folder / "mem.sqlite")
    with Store.open(path) as store:
        for secret in (SECRET, PLAIN):
            event = make_event(text=f"use {secret}")
            number = store.write(lambda db, s=secret: remember(db, s))
            store.write(lambda db, e=event: events.append(db, [e], now_ms=1))
            store.write(lambda db, n=number: _edited(db, n))
        store.write(
            lambda db: db.execute(
                "INSERT INTO journal_changes (entry, changes) SELECT max(id), CAST(? AS BLOB)"
                " FROM journal",
                (SECRET + PLAIN,),
            )
        )
        backup.make(path)
    (folder / "plugin.log").write_text(f"failed: {SECRET} {PLAIN}\n")
    (folder / "claude-hook-spool" / "new").mkdir(parents=True)
    (folder / "claude-hook-spool" / "new" / "x").write_text(json.dumps({"a": SECRET, "b": PLAIN}))
    return path


def _edited(db: apsw.Connection, number: int) -> None:
    with journal.recorded(db, "edit", by="cli", now_ms=NOW_MS):
        memories.edit(db, number, {"narrative": "new"}, now_ms=NOW_MS)


def test_a_purged_secret_is_in_no_file(leaked: str, home: Path) -> None:
    """Database, index, log, backup, journal, spool and log file; each form of it."""
    assert {"mem.sqlite", "plugin.log", "x"} <= set(places(home))
    for text in (SECRET, PLAIN):
        secret_purge.purge(leaked, Settings.load(), Secret(text))

    assert places(home) == []
    with Store.open(leaked) as store, store.read() as db:
        assert [memory.body for memory in memories.recent(db, limit=9)] == [
            "use [PURGED] here",
            "use [PURGED] here",
        ]
        assert rows(db, "SELECT count(*) FROM journal") == [(0,)]
        assert rows(db, "PRAGMA integrity_check") == [("ok",)]
        for word in ("staple", "horse", "battery"):
            assert search(db, word, limit=5) == []
        for (text,) in rows(
            db, "SELECT metadata FROM memories UNION SELECT payload FROM raw_events"
        ):
            json.loads(text)


def test_words_that_were_wrapped_between_them_go_too(leaked: str) -> None:
    """A name or a sentence breaks at its spaces."""
    with Store.open(leaked) as store:
        number = store.write(lambda db: remember(db, "Ada King\n> of Lovelace"))
    secret_purge.purge(leaked, Settings.load(), Secret("Ada King of Lovelace"))

    with Store.open(leaked) as store, store.read() as db:
        memory = memories.get(db, number)
    assert memory is not None
    assert memory.title == "[PURGED]"


@pytest.mark.parametrize("shift", range(3))
def test_an_encoded_secret_goes_too(leaked: str, shift: int) -> None:
    """Base64 of a text around it, wherever in the text it stands."""
    code = base64.b64encode(b"x" * shift + PLAIN.encode() + b" and more").decode()
    with Store.open(leaked) as store:
        store.write(lambda db: remember(db, f"Basic {code}"))
    secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))

    with Store.open(leaked) as store, store.read() as db:
        bodies = [memory.body for memory in memories.recent(db, limit=9)]
    assert not [body for body in bodies if code[4:24] in body]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_secret_goes_in_every_normal_form(leaked: str, form: Literal["NFC", "NFD"]) -> None:
    """A keyboard composes its characters, a file system takes them apart."""
    other = unicodedata.normalize(form, SECRET)
    with Store.open(leaked) as store:
        store.write(lambda db: remember(db, f"set {other}"))
    secret_purge.purge(leaked, Settings.load(), Secret(SECRET))

    assert other.encode() not in Path(leaked).read_bytes()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n+ ", "\n> ", "\n    "])
def test_a_secret_that_was_wrapped_goes_too(leaked: str, home: Path, end: str) -> None:
    """As terminals, diffs and mail wrap it; in the database, in JSON there and in a log."""
    broken = PLAIN[:7] + end + PLAIN[7:]
    with Store.open(leaked) as store:
        store.write(lambda db: remember(db, broken))
    (home / ".codemem" / "plugin.log").write_text(f"failed: {broken}\n")
    secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))

    for path in home.rglob("*"):
        assert not path.is_file() or PLAIN[7:].encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "form",
    [
        PLAIN.upper(),
        "Correct-Horse-Battery-9",
        "".join(chr(ord(char) + 0xFEE0) for char in PLAIN),
        "correct-horse-\u200bbattery-9",
        PLAIN.encode().hex().upper(),
        PLAIN.encode().hex(" "),
        "".join(f"%{byte:02x}" for byte in PLAIN.encode()),
        base64.encodebytes(b"much before it, " * 4 + PLAIN.encode()).decode(),
        base64.b64encode(PLAIN.encode("utf-16-le")).decode(),
    ],
)
def test_a_secret_in_another_case_width_or_code_goes_too(
    leaked: str, home: Path, form: str
) -> None:
    """People shout, forms widen, shells encode; and nothing of the code's end is left behind."""
    with Store.open(leaked) as store:
        number = store.write(lambda db: remember(db, f"Set {form}"))
    (home / ".codemem" / "plugin.log").write_text(f"failed: {form}\n")
    secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))

    with Store.open(leaked) as store, store.read() as db:
        memory = memories.get(db, number)
    assert memory is not None
    left = re.sub("bXVjaCBiZWZvcmUgaXQs[\\w\\s]*", "", memory.title)
    assert left.strip() == "Set [PURGED]"
    assert form not in (home / ".codemem" / "plugin.log").read_text()


def test_half_of_a_secret_is_named(leaked: str, home: Path) -> None:
    """What a clipped text has left of it is for a person to judge."""
    secret = Secret(PLAIN)
    secret_purge.purge(leaked, Settings.load(), secret)
    (home / ".codemem" / "plugin.log").write_text(f"failed: {PLAIN[:14]}")

    found = secret_purge.halves(leaked, Settings.load(), secret)
    assert [os.path.basename(place.where) for place in found] == ["plugin.log"]


def test_a_database_with_places_can_be_purged(leaked: str, make_event: EventMaker) -> None:
    """Its table has a column of the name that SQLite gives to the values of a list."""
    with Store.open(leaked) as store:
        store.write(lambda db: db.execute("INSERT INTO places VALUES ('folder', '/app', 'app')"))

    assert secret_purge.purge(leaked, Settings.load(), Secret(PLAIN)).files


def test_looking_changes_nothing(leaked: str, home: Path) -> None:
    """It says where the secret is, by table and column."""
    before = places(home)
    found = secret_purge.look(leaked, Settings.load(), Secret(SECRET))

    assert places(home) == before
    told = {place.where.rpartition("/")[2] for place in found}
    assert {"mem.sqlite: memories.body", "mem.sqlite: raw_events.payload", "plugin.log"} <= told
    assert any(".backup: memories.body" in place for place in told)


def test_what_was_deleted_before_is_gone_as_well(leaked: str, home: Path) -> None:
    """No row holds it any more, but the file does."""
    db = apsw.Connection(leaked)
    rows(db, "PRAGMA secure_delete = OFF; UPDATE memories SET title = 'x', body = 'y'")
    db.close()
    secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))

    assert all(PLAIN.encode() not in p.read_bytes() for p in home.rglob("*") if p.is_file())


def test_it_fails_when_the_secret_stays_somewhere(leaked: str, home: Path) -> None:
    """The user's own settings file is not ours to change."""
    config = home / ".config" / "codemem" / "config.json"
    settings = Settings.load()
    if settings.file:
        config = Path(settings.file)
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"observer_api_key": PLAIN}))
    settings = Settings.load()

    with pytest.raises(StoreError, match=config.name):
        secret_purge.purge(leaked, settings, Secret(PLAIN))
    assert PLAIN in config.read_text()


def test_a_reader_is_named_as_what_is_in_the_way(leaked: str) -> None:
    """Its log cannot be emptied while somebody reads; nothing claims to be gone then."""
    reader = apsw.Connection(leaked)
    cursor = reader.execute("SELECT * FROM memories UNION ALL SELECT * FROM memories")
    next(cursor)
    try:
        with pytest.raises(StoreError):
            secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))
    finally:
        reader.close(True)


def test_a_short_text_is_no_secret() -> None:
    """It would be everywhere."""
    with pytest.raises(InputError):
        Secret("abc")


def test_a_number_that_only_looks_like_it_stays(leaked: str) -> None:
    """Times have the digits of many a PIN in them."""
    with Store.open(leaked) as store:
        store.write(lambda db: db.execute("UPDATE memories SET created_ms = 1234567890"))
    secret_purge.purge(leaked, Settings.load(), Secret("1234567890"))

    with Store.open(leaked) as store, store.read() as db:
        assert rows(db, "SELECT DISTINCT created_ms FROM memories") == [(1234567890,)]


def run(*arguments: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a text on standard input."""
    command = [sys.executable, "-m", "codemem_cli", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_command_looks_first_and_purges_when_told(leaked: str, home: Path) -> None:
    """The secret is on neither output."""
    looked = run("purge", text=f"{PLAIN}\n")
    assert PLAIN.encode() in (home / ".codemem" / "plugin.log").read_bytes()
    purged = run("purge", "--yes", text=f"{PLAIN}\n")

    assert (looked.returncode, purged.returncode) == (0, 0), purged.stderr
    assert "memories.body" in looked.stdout
    assert "found nothing" in purged.stdout
    told = looked.stdout + looked.stderr + purged.stdout + purged.stderr
    assert PLAIN not in told
    assert os.path.exists(leaked)


def test_an_old_database_beside_it_is_cleaned_too(leaked: str, home: Path) -> None:
    """One of 0.19 that was adopted from, with its own search index."""
    path = everyday(str(home / ".codemem" / "old.sqlite")).close()
    db = apsw.Connection(path)
    db.execute("UPDATE memory_items SET body_text = body_text || ? WHERE id = 1", (PLAIN,))
    db.close()
    secret_purge.purge(leaked, Settings.load(), Secret(PLAIN))

    db = apsw.Connection(path)
    found = rows(db, "SELECT count(*) FROM memory_fts WHERE memory_fts MATCH 'battery'")
    db.close()
    assert found == [(0,)]
    assert PLAIN.encode() not in Path(path).read_bytes()
