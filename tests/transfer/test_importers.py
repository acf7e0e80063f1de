"""What other programs remember becomes memories: once, redacted, and not believed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import Memory
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer import basic_memory, mem0, notes
from codemem_transfer.incoming import Incoming, Label

NOW_MS = 1_790_000_000_000
SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


def bring(store: Store, fill: Callable[[Incoming], None], **options: Any) -> dict[str, Any]:
    """Import what `fill` takes and return the report."""
    with closing(Incoming(now_ms=NOW_MS, **options)) as incoming:
        fill(incoming)
        return incoming.write(store, Label(text="import")).to_json()


def active(store: Store) -> list[Memory]:
    """Return the memories that are not forgotten, by id."""
    with store.read() as db:
        found = rows(db, "SELECT id FROM memories WHERE active ORDER BY id")
        return [memory for (n,) in found if (memory := memories.get(db, n))]


# --- basic-memory --------------------------------------------------------------------------------

NOTE = f"""---
title: Coffee Brewing
type: note
permalink: coffee/brewing
created: 2026-01-02T03:04:05Z
tags:
- coffee
- "brewing"
---
# Coffee Brewing

Water first. {SECRET}

## Observations
- [method] Pour over is clearer #filter
- [ ] not a fact
- [x] nor this
- [tip] 205 degrees (measured)

## Relations
- relates_to [[Beans]]
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Make a folder of notes, with things in it that are none."""
    folder = tmp_path / "vault"
    (folder / "deep").mkdir(parents=True)
    (folder / ".obsidian").mkdir()
    (folder / "deep" / "Coffee Brewing.md").write_text(NOTE)
    (folder / ".obsidian" / "hidden.md").write_text("no")
    (folder / "empty.md").write_text("---\ntitle: x\n---\n")
    (folder / "binary.md").write_bytes(b"a\0b")
    (folder / "large.md").write_bytes(b"a" * 1_100_000)
    os.symlink("/etc/passwd", folder / "passwd.md")
    os.mkfifo(folder / "pipe.md")
    return folder


def test_a_note_of_basic_memory_becomes_a_memory(store: Store, vault: Path) -> None:
    """Title, text, observations, tags and date; nothing secret, nothing that is no note."""
    report = bring(store, lambda incoming: basic_memory.fill(incoming, str(vault), project=None))

    [memory] = active(store)
    assert (memory.title, memory.kind, memory.project) == ("Coffee Brewing", "note", "vault")
    assert memory.facts == ("method: Pour over is clearer #filter", "tip: 205 degrees (measured)")
    assert memory.concepts == ("method", "tip")
    assert {"coffee", "brewing", "filter"} <= set(memory.tags)
    assert memory.created_ms == 1_767_323_045_000
    assert memory.origin == "import"
    assert memory.metadata["relations"] == ["relates_to Beans"]
    assert SECRET not in memory.body
    assert not memory.body.startswith("# Coffee")
    assert report["notes"]["skipped"] == {"empty": 1, "not a text file of at most 1 MiB": 3}


def test_a_note_that_changed_replaces_what_it_said(store: Store, vault: Path) -> None:
    """The same note again changes nothing."""
    for said in ("first", "first", "second"):
        (vault / "empty.md").write_text(said)
        bring(store, lambda incoming: basic_memory.fill(incoming, str(vault), project="p"))

    assert [memory.body for memory in active(store) if memory.title == "empty"] == ["second"]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ('"\\u8A2D\\u8A08"', "\u8a2d\u8a08"),
        ("'It''s a title: x'", "It's a title: x"),
        ("one that is\n  folded", "one that is folded"),
        (">-\n  block\n  title", "block title"),
        ("2026-01-02", "2026-01-02"),
        ("yes", "yes"),
    ],
)
def test_titles_of_notes_are_read_as_yaml(
    store: Store, tmp_path: Path, written: str, title: str
) -> None:
    """Escapes, quotes and folds are YAML's; values stay text."""
    (tmp_path / "a.md").write_text(f"---\ntitle: {written}\n---\nbody\n")
    bring(store, lambda incoming: basic_memory.fill(incoming, str(tmp_path), project="p"))

    assert [memory.title for memory in active(store)] == [title]


def test_front_matter_with_aliases_is_skipped(store: Store, tmp_path: Path) -> None:
    """Nine lines of them could ask for more memory than there is."""
    (tmp_path / "a.md").write_text("---\nx: &x [a]\ntitle: *x\n---\nbody\n")
    bring(store, lambda incoming: basic_memory.fill(incoming, str(tmp_path), project="p"))

    assert [memory.title for memory in active(store)] == ["a"]


def test_no_folder_no_notes(store: Store) -> None:
    """A folder that is not there is named."""
    with pytest.raises(NotFound, match="/nowhere"):
        bring(store, lambda incoming: basic_memory.fill(incoming, "/nowhere", project=None))


@given(st.text(alphabet=st.sampled_from("-:[]a #\n`\"'") | st.characters()))
def test_any_text_is_a_note(text: str) -> None:
    """Front matter and headings are found, or not; nothing raises."""
    fields, body = notes.front_matter(text)
    parts = list(notes.sections(body))

    assert isinstance(fields, dict)
    assert all(body in text for _, body in parts)


def test_headings_in_code_are_no_headings() -> None:
    """And parts name the headings above them."""
    text = "start\n# A\n```sh\n# not\n```\n## B\nb\n# C\nc"

    assert list(notes.sections(text)) == [
        ("", "start"),
        ("A", "```sh\n# not\n```"),
        ("A > B", "b"),
        ("C", "c"),
    ]


# --- mem0 ----------------------------------------------------------------------------------------


def from_mem0(
    store: Store, document: object, project: str | None = None, here: str | None = None
) -> dict[str, Any]:
    """Import a document of mem0."""
    file = io.BytesIO(json.dumps(document).encode())
    return bring(store, lambda incoming: mem0.fill(incoming, file, project=project, here=here))


MEM0 = {
    "id": "m-1",
    "memory": f"Dev works at TechCorp with {SECRET}",
    "user_id": "dev",
    "metadata": {"type": "decision", "project": "/srv/shop"},
    "categories": ["work"],
    "created_at": "2025-07-01T00:00:00-07:00",
}


@pytest.mark.parametrize(
    "wrap", [lambda m: [m], lambda m: {"results": [m]}, lambda m: {"memories": [m]}]
)
def test_a_memory_of_mem0_becomes_one_of_ours(
    store: Store, wrap: Callable[[object], object]
) -> None:
    """In each of the shapes that it comes in."""
    from_mem0(store, wrap(MEM0))

    [memory] = active(store)
    assert memory.body.startswith("Dev works at TechCorp")
    assert SECRET not in memory.title + memory.body
    assert (memory.kind, memory.project, memory.origin) == ("decision", "shop", "import")
    assert (memory.concepts, memory.created_ms) == (("work",), 1_751_353_200_000)
    assert memory.metadata["user_id"] == "dev"


def test_a_memory_of_mem0_that_changed_replaces_the_old_one(store: Store) -> None:
    """Its id tells."""
    from_mem0(store, [MEM0])
    from_mem0(store, [MEM0 | {"memory": "Dev left"}])

    assert [memory.body for memory in active(store)] == ["Dev left"]


@pytest.mark.parametrize("document", [{"a": 1}, {"results": 3}, {}])
def test_what_is_not_of_mem0_is_refused(store: Store, document: object) -> None:
    """With a hint."""
    with pytest.raises(InputError):
        from_mem0(store, document)


def test_what_has_no_text_is_counted(store: Store) -> None:
    """Nothing disappears without a word."""
    report = from_mem0(store, [{"id": 1}, {"memory": " "}, 7, "said", {"memory": {"a": 1}}])

    assert [memory.body for memory in active(store)] == ["said"]
    assert report["memories"]["skipped"] == {"without text": 4}


def test_a_memory_of_mem0_without_a_project_goes_to_the_given_one(store: Store) -> None:
    """One that names its project stays there."""
    named = MEM0 | {"id": "2", "memory": "Deploy on Fridays", "metadata": {"project": "blog"}}
    from_mem0(store, [{"id": "1", "memory": "Prefers tabs"}, named], here="shop")

    assert {memory.title: memory.project for memory in active(store)} == {
        "Prefers tabs": "shop",
        "Deploy on Fridays": "blog",
    }


@pytest.mark.parametrize(
    "mark", [{"state": "deleted"}, {"is_deleted": True}, {"deleted_at": "2026-01-01"}]
)
def test_what_mem0_no_longer_uses_is_left_out(store: Store, mark: dict[str, Any]) -> None:
    """And counted."""
    report = from_mem0(store, [MEM0 | mark])

    assert active(store) == []
    assert report["memories"]["skipped"] == {"deleted": 1}


@pytest.mark.parametrize(
    "text",
    [
        '{"results": {"results": [{"memory": "a"}, {"memory": "b"}]}}',
        '{"memory": "a"}\n{"memory": "b"}\n',
        '[{"memory": "a"}]\n[{"memory": "b"}]',
        '\ufeff{"id": 1, "memory": "a"}\r\n\r\n{"id": 2, "memory": "b"}',
    ],
)
def test_memories_of_mem0_may_be_nested_or_one_a_line(store: Store, text: str) -> None:
    """As its versions and its users' exports have them."""
    file = io.BytesIO(text.encode())
    bring(store, lambda incoming: mem0.fill(incoming, file, project=None, here=None))

    assert [memory.title for memory in active(store)] == ["a", "b"]
