"""Memories leave as a file and come back as they were."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import seed
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.errors import InputError
from codemem_core.records.memory import Memory
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.store import events, journal, memories, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer import markdown, pages
from codemem_transfer.export_reader import Reader
from codemem_transfer.export_writer import export
from codemem_transfer.incoming import Incoming, Label
from codemem_transfer.json_stream import elements
from codemem_transfer.legacy.adoption import Report
from codemem_transfer.pages import Wanted
from tests.conftest import EventMaker

NOW_MS = 1_790_000_000_000
EVERYTHING = Wanted(inactive=True)


@pytest.fixture
def full(tmp_path: Path) -> Store:
    """Make a store with six weeks of work, some of it forgotten, pinned, confirmed, renamed."""
    store = Store.open(str(tmp_path / "full" / "mem.sqlite"))
    seed.fill(store, now_ms=1_780_000_000_123)
    asked = [{"id": "p1", "number": 1, "text": "why?", "at_ms": 1_779_999_999_999}]
    provenance = {"provenance": {"visibility": "private", "actor_id": "ada"}}
    store.write(
        lambda db: (
            memories.forget(db, 5, now_ms=1_780_000_000_777),
            db.execute("UPDATE memories SET superseded_by = 1, active = 0 WHERE id = 7"),
            db.execute("UPDATE memories SET metadata = ? WHERE id = 9", (json.dumps(provenance),)),
            db.execute("UPDATE memories SET project = 'elsewhere' WHERE id = 11"),
            db.execute("UPDATE memories SET support = 3, seen_ms = 1779999999000 WHERE id = 13"),
            db.execute("UPDATE memories SET told = 4, used = 2, outdated_by = 17 WHERE id = 15"),
            db.execute(
                "UPDATE sessions SET metadata = ? WHERE id = 3", (json.dumps({"prompts": asked}),)
            ),
            db.execute("INSERT INTO sessions (project, started_ms) VALUES ('by hand', 17)"),
        )
    )
    return store


def exported(store: Store, wanted: Wanted = EVERYTHING) -> dict[str, Any]:
    """Export a store."""
    file = io.StringIO()
    export(store, wanted, file, now_ms=NOW_MS, progress=lambda *_: None)
    found: dict[str, Any] = json.loads(file.getvalue())
    return found


def imported(store: Store, document: object, **options: Any) -> Report:
    """Import a document, given as JSON or as bytes."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with closing(Incoming(now_ms=NOW_MS)) as incoming:
        Reader(incoming, **options).read(io.BytesIO(data))
        return incoming.write(store, Label(text="import"))


def logical(document: dict[str, Any]) -> dict[str, Any]:
    """Return an export without what is of the one who wrote it: time and ids."""
    told = {name: document[name] for name in ("sessions", "memory_items", "user_prompts")}
    keys = {row["id"]: row["import_key"] for row in told["sessions"]}
    for row in (*told["memory_items"], *told["user_prompts"]):
        row["session_id"] = keys[row["session_id"]]
        row["id"] = None
    for row in told["sessions"]:
        row["id"] = None
    return told


def written(report: Report) -> dict[str, int]:
    """Return how many rows of each kind were written."""
    return {name: table.written for name, table in report.tables.items() if table.written}


def every(store: Store) -> list[Memory]:
    """Return all memories, forgotten ones too."""
    with store.read() as db:
        found = [memories.get(db, n) for (n,) in rows(db, "SELECT id FROM memories ORDER BY id")]
    return [memory for memory in found if memory]


def test_a_round_trip_loses_nothing(full: Store, store: Store) -> None:
    """Dates, kinds, state, visibility, tags, origins, prompts: the dump is the same."""
    before = exported(full)
    imported(store, before, trust=True)

    assert logical(exported(store)) == logical(before)


def test_prompts_that_are_events_leave_too(store: Store, make_event: EventMaker) -> None:
    """What a person asked leaves while its event is kept, once, and comes back as it was."""
    asked = [make_event(text="why is VAT rounded?"), make_event(text="and where?")]
    store.write(
        lambda db: (
            events.append(db, asked, now_ms=NOW_MS),
            sessions.of_stream(db, ("claude", "s1"), project="p", cwd=None, started_ms=1),
        )
    )
    document = exported(store)
    with Store.open(f"{store.path}.other") as other:
        imported(other, document)
        again = exported(other)

    told = [row["prompt_text"] for row in document["user_prompts"]]
    assert told == ["why is VAT rounded?", "and where?"]
    assert again["user_prompts"] == document["user_prompts"]
    assert written(imported(store, document)) == {}


def test_a_second_import_brings_nothing(full: Store, store: Store) -> None:
    """Neither of a trusted file nor of one that is not."""
    document = exported(full)
    for trust in (True, False):
        imported(store, document, trust=trust)
        before = len(every(store))

        assert written(imported(store, document, trust=trust)) == {}
        assert len(every(store)) == before


def test_an_export_changes_nothing_where_it_came_from(full: Store) -> None:
    """Its memories and sessions are there, those that people wrote too."""
    assert written(imported(full, exported(full))) == {}


def test_a_strangers_file_is_found_but_not_believed(full: Store, store: Store) -> None:
    """Whatever it says of itself: origin `import`, neither confirmed nor pinned."""
    imported(store, exported(full))

    found = every(store)
    assert {memory.origin for memory in found} == {"import"}
    assert not any(memory.confirmed or memory.pinned for memory in found)
    assert {memory.metadata["exported"]["origin"] for memory in found} == {
        "external",
        "tool_repo",
    }


@pytest.mark.parametrize(
    ("trust", "counted"), [(True, [(3, 1, 0), (1, 4, 2)]), (False, [(1, 0, 0), (1, 0, 0)])]
)
def test_what_a_memory_is_worth_comes_back(
    full: Store, store: Store, trust: bool, counted: list[tuple[int, int, int]]
) -> None:
    """How many found it out, were told and used it is believed of our own file only."""
    imported(store, exported(full), trust=trust)

    with store.read() as db:
        found = rows(
            db, "SELECT support, told, used FROM memories WHERE id IN (13, 15) ORDER BY id"
        )
        newer = db.execute("SELECT outdated_by FROM memories WHERE id = 15").get
    assert found == counted
    assert newer == 17


def test_a_strangers_file_takes_no_key_of_ours(full: Store, store: Store) -> None:
    """Else it could keep a memory from being written that is yet to come."""
    imported(store, exported(full))

    with store.read() as db:
        assert rows(db, "SELECT key FROM memories WHERE key NOT LIKE 'export:%'") == []


def test_an_import_can_be_taken_back(full: Store, store: Store) -> None:
    """It is one entry of the journal."""
    imported(store, exported(full), trust=True)
    with store.read() as db:
        entry = journal.newest(db)
    store.write(lambda db: journal.undo(db, entry.id, by="cli", now_ms=NOW_MS + 1))

    assert every(store) == []


def test_only_what_is_wanted_leaves(full: Store) -> None:
    """A project, since a day, without what was forgotten."""
    document = exported(full, Wanted(project="shop-web", since_ms=1_779_000_000_000))

    assert document["memory_items"]
    assert {row["project"] for row in document["memory_items"]} == {"shop-web"}
    assert {row["active"] for row in document["memory_items"]} == {1}
    assert {row["project"] for row in document["sessions"]} == {"shop-web"}
    assert min(row["started_at"] for row in document["sessions"]) >= "2026-05-17"
    head = document["export_metadata"]
    assert head["total_memories"] == len(document["memory_items"])
    assert head["total_sessions"] == len(document["sessions"])


def test_an_older_release_s_export_is_read(store: Store) -> None:
    """Its times and state are kept, an unknown kind becomes a note, secrets are redacted."""
    memory = {
        "id": 7, "session_id": 3, "kind": "riddle", "title": "Old", "active": 0, "facts": {},
        "body_text": "key ghp_0123456789abcdefghijABCDEFGHIJ012345", "tags_text": "a b",
        "created_at": "2025-11-03T09:15:00.123456+00:00", "visibility": "shared",
        "metadata_json": {"x": 1}, "import_key": "u-1", "confidence": 0.4,
    }  # fmt: skip
    summary = {"id": 1, "session_id": 3, "request": "Do it", "completed": "Done"}
    document = {
        "memory_items": [memory],
        "session_summaries": [summary],
        "user_prompts": [{"id": 1, "session_id": 3, "prompt_text": "hi"}],
        "sessions": [{"id": 3, "project": "/srv/app", "started_at": "2025-11-03T09:00:00Z"}],
        "version": "1.0",
    }
    imported(store, document)

    old, told = every(store)
    assert (old.kind, old.active, old.project, old.origin) == ("note", False, "app", "import")
    assert (old.created_ms, old.tags, old.confidence) == (1_762_161_300_123, ("a", "b"), 0.4)
    assert old.metadata["provenance"]["visibility"] == "shared"
    assert "ghp_" not in old.body
    assert (told.kind, told.title) == ("session_summary", "Do it")


def test_everything_goes_to_the_project_that_is_named(full: Store, store: Store) -> None:
    """`--remap-project` wins over what the file says."""
    imported(store, exported(full), remap="new")

    assert {memory.project for memory in every(store)} == {"new"}


def one(**fields: Any) -> dict[str, Any]:
    """Return a document with one memory."""
    return {"version": "1.0", "memory_items": [{"title": "a", "body_text": "b", **fields}]}


def test_odd_metadata_leaves_again(store: Store) -> None:
    """Whatever a file puts where we keep prompts and provenance."""
    document = one(metadata_json={"provenance": "x"}, session_id=1, origin="user")
    odd = {"id": 1, "metadata_json": {"prompts": 5, "adopted": [1]}}
    imported(store, document | {"sessions": [odd]}, trust=True)

    again = exported(store)
    assert again["user_prompts"] == []
    assert again["memory_items"][0]["metadata_json"] == {"provenance": "x"}


def deep(levels: int) -> bytes:
    """Return a document that is nested."""
    return b'{"version": "1.0", "memory_items": [' + b"[" * levels + b"]" * levels + b"]}"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[1, 2",
        b"hello",
        b'"text"',
        b"\xff\xfe{}",
        b"{} {}",
        b'{"version": "1.0", "memory_items": [{"title": "a", "confidence": NaN}]}',
        gzip.compress(b"{}", mtime=0),
        b"SQLite format 3\0",
        deep(100_000),
        deep(700),
        {"version": "2.0", "memory_items": []},
        {"memory_items": []},
        {"version": "1.0", "memory_items": {}},
        {"version": "1.0", "memory_items": [3]},
        one(title=5),
        one(title=["x"]),
        one(metadata_json="x"),
        one(facts="x"),
        one(active="yes"),
        one(confidence=10**30),
        one(created_at="yesterday"),
        b'{"version": "1.0", "memory_items": [{"id": ' + b"9" * 5000 + b"}]}",
        b'{"x": "' + b"a" * 5_000_000 + b'"}',
    ],
    ids=lambda document: str(document)[:40],
)
def test_a_file_that_cannot_be_used_leaves_nothing(store: Store, document: Any) -> None:
    """One line says what is wrong, and where; nothing is written."""
    with pytest.raises(InputError) as caught:
        imported(store, document)

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
    assert every(store) == []


def test_odd_text_is_stored_as_text_can_be(store: Store) -> None:
    """NUL and lone surrogates are replaced, keys included; a time to come is now."""
    odd = "a\0\ud800b"
    row = {"title": odd, "body_text": odd, "import_key": odd, "tags_text": odd, "origin": odd}
    raw = json.dumps(one(**row, created_at="2999-01-01T00:00:00Z", session_id=odd)).encode()
    imported(store, raw, trust=True)

    [memory] = every(store)
    assert memory.title == "a\ufffd?b"
    assert (memory.origin, memory.created_ms) == ("import", NOW_MS)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_a_document_is_read_as_json_reads_it(value: Any) -> None:
    """However it is cut into pieces."""
    for document in ([value, value], {"a": [value, 1], "b": value}):
        found = list(elements(_Slow(json.dumps(document).encode()), lists=("a",)))
        if isinstance(document, list):
            assert found == [("", value), ("", value)]
        else:
            assert found == [("a", value), ("a", 1), ("b", value)]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but `InputError` comes out."""
    try:
        list(elements(io.BytesIO(data)))
    except InputError:
        return


class _Slow(io.BytesIO):
    """Gives three bytes at a time."""

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(3)


@pytest.mark.parametrize(
    "change",
    [lambda row: row | {"title": "a\n# b"}, lambda row: row | {"body": "x\n## y\n\x1b[2J"}],
)
def test_a_memory_cannot_forge_the_markdown_around_it(
    full: Store, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """One heading a memory, on one line, and nothing that a terminal acts on."""
    row = change(dict(next(iter(pages.memories(full, EVERYTHING)))))
    file = io.StringIO()
    markdown.write([row], file)

    text = file.getvalue()
    assert [line for line in text.splitlines() if line.startswith("#")][1:] == [
        next(line for line in text.splitlines() if line.startswith("## 2026"))
    ]
    assert "\x1b" not in text


def test_what_was_imported_stands_in_no_prompt_until_somebody_confirms_it(
    full: Store, store: Store
) -> None:
    """Search finds it all the same."""
    imported(store, exported(full))
    question = "Why is VAT rounded on the invoice total?"

    def told(*, injected: bool) -> list[int]:
        with store.read() as db:
            pack = build_pack(db, question, injected=injected)
        return [item["id"] for item in pack.to_json()["items"]]

    found = told(injected=False)
    assert found
    assert told(injected=True) == []
    store.write(lambda db: memories.edit(db, found[0], {"confirmed": True}, now_ms=NOW_MS))
    assert told(injected=True) == [found[0]]
