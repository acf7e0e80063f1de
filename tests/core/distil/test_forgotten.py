"""What a person had forgotten does not come back; what is only like it does."""

# ruff: noqa: RUF001 - what people type

from __future__ import annotations

from collections.abc import Callable

import pytest

from codemem_core.distil import manual
from codemem_core.distil.manual import Note
from codemem_core.distil.reconcile import settle
from codemem_core.records.memory import NewMemory
from codemem_core.store import journal, memories, proposals, sessions, tombstones
from codemem_core.store.engine.store import Store

FORGOTTEN_MS, LONG_AGO_MS, LATER_MS = 1, 1_000, 32_000_000_000_000

Said = Callable[..., int | None]


@pytest.fixture
def said(store: Store) -> Said:
    """Settle a rule of a session of its own; `at_ms` is when it was said."""
    number = 0

    def settled(text: str, *, at_ms: int = LONG_AGO_MS, kind: str = "preference") -> int | None:
        nonlocal number
        number += 1
        new = NewMemory(
            key=f"k{number}", kind=kind, title=text, body=text, origin="user", created_ms=at_ms
        )
        stream = ("claude", f"s{number}")

        def write(db: object) -> int | None:
            session = sessions.of_stream(db, stream, project="demo", cwd=None, started_ms=1)  # type: ignore[arg-type]
            return settle(db, new, session_id=session, now_ms=2)  # type: ignore[arg-type]

        return store.write(write)

    return settled


def forget(store: Store, memory_id: int | None) -> None:
    """Forget a memory as the command does."""
    assert memory_id is not None
    assert manual.forget(store, memory_id, by="cli")


REWORDED = [
    (
        "Always use pnpm, never npm, in this repository.",
        "In this repository use pnpm every time and npm at no time.",
        "Always use uv, never pip, in this repository.",
    ),
    (
        "Remember that the demo server restarts on Fridays.",
        "Remember: on Fridays the demo server is down for a restart.",
        "Remember that the search index is rebuilt on Fridays.",
    ),
    (
        "Merk dir: Releases macht nur das Plattform-Team.",
        "Merk dir, dass allein das Plattform-Team Releases veröffentlicht.",
        "Merk dir: Schemata ändert nur das Daten-Team.",
    ),
    (
        "Désormais, lance toujours les tests avant la revue.",
        "Désormais les tests passent toujours d'abord, la revue ensuite.",
        "Désormais, écris toujours la documentation après la revue.",
    ),
    ("请记住：日志只保留七天。", "请记住，七天以后日志会被删除。", "请记住：快照只保留三个月。"),
]


@pytest.mark.parametrize(("rule", "reworded", "neighbour"), REWORDED)
def test_a_forgotten_rule_stays_away_and_its_neighbour_is_kept(
    said: Said, store: Store, rule: str, reworded: str, neighbour: str
) -> None:
    """Neither the same words nor others bring it back; another subject is another rule."""
    forget(store, said(rule))

    assert said(rule) is None
    assert said(reworded) is None
    assert said(neighbour) is not None


def test_a_wish_said_after_the_forgetting_waits_for_a_person(said: Said, store: Store) -> None:
    """It may be meant: it is proposed, and no memory until somebody accepts."""
    forget(store, said("Always use tabs in Makefiles."))

    assert said("Always use tabs in Makefiles.", at_ms=LATER_MS) is None

    with store.read() as db:
        (proposal,) = proposals.waiting(db, now_ms=2)
        assert (proposal.action, proposal.title) == ("remember", "Always use tabs in Makefiles.")


def test_undo_brings_back_what_was_forgotten(said: Said, store: Store) -> None:
    """Then the same statement supports it again."""
    memory_id = said("Always use tabs in Makefiles.")
    forget(store, memory_id)
    with store.read() as db:
        entry = journal.newest(db)
    store.write(lambda db: journal.undo(db, entry.id, by="cli", now_ms=3))

    assert said("Always use tabs in Makefiles.") is None

    with store.read() as db:
        memory = memories.existing(db, memory_id or 0)
        assert (memory.active, memory.support) == (True, 2)


def test_writing_it_by_hand_beats_the_forgetting(said: Said, store: Store) -> None:
    """An explicit `remember` is no accident."""
    text = "Always use tabs in Makefiles."
    forget(store, said(text))
    manual.remember(
        store,
        Note(kind="preference", title=text, body=text, origin="user"),
        project="demo",
        cwd=None,
    )

    with store.read() as db:
        assert tombstones.count(db) == 0


def test_a_tombstone_holds_no_word_of_the_memory(said: Said, store: Store) -> None:
    """Only keyed hashes: the database does not tell what was forgotten there."""
    forget(store, said("Always use tabs in Makefiles."))

    with store.read() as db:
        stored = db.execute("SELECT word FROM tombstone_words").fetchall()
        other = db.execute("SELECT value FROM secrets").get
    assert len(stored) == 2
    assert len(other) == 32
    assert not any(b"tab" in bytes(word) for (word,) in stored)


def test_clearing_tombstones_lets_statements_return(said: Said, store: Store) -> None:
    """`codemem purge --tombstones` leaves nothing of what was forgotten."""
    forget(store, said("Always use tabs in Makefiles."))
    store.write(tombstones.clear)

    assert said("Always use tabs in Makefiles.") is not None
