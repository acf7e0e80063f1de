"""What becomes of records: order, conflicts, forgetting, and records that cannot be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from team.homes import Home, Server

from codemem_core.distil import manual
from codemem_core.store import journal, memories
from codemem_core.store.engine.connection import rows
from codemem_team import log

HomeMaker = Callable[..., Home]


def both(*homes: Home) -> None:
    """Sync everybody twice."""
    for home in (*homes, *homes):
        home.sync()


def test_the_later_of_two_edits_holds_and_the_other_stays_in_the_history(
    make_home: HomeMaker,
) -> None:
    """Made while the two could not see each other."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Retries stop after five attempts")
    both(alice, bob)

    manual.change(
        alice.store, alice.find("Retries stop after five attempts"),
        {"title": "Retries stop after six attempts"}, by="cli",
    )  # fmt: skip
    manual.change(
        bob.store, bob.find("Retries stop after five attempts"),
        {"title": "Retries stop after nine attempts"}, by="cli",
    )  # fmt: skip
    both(bob, alice)

    assert alice.titles() == bob.titles() == ["Retries stop after nine attempts"]
    with bob.store.read() as db:
        [conflict] = log.conflicts(db, bob.member().team)
        entries = [(each.who, each.label) for each in journal.entries(db)]
    assert (conflict.field, conflict.winner, conflict.loser) == ("title", "bob", "alice")
    assert conflict.lost == "Retries stop after six attempts"
    assert alice.history() == bob.history()
    with alice.store.read() as db:
        entries = [(each.who, each.label.split()[0]) for each in journal.entries(db)]
    assert entries[0] == ("bob", "edit")


def test_an_edit_that_saw_the_other_is_no_conflict(make_home: HomeMaker) -> None:
    """It is simply the newer one."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    memory = alice.remember("Retries stop after five attempts")
    manual.change(alice.store, memory, {"title": "Retries stop after six"}, by="cli")
    both(alice, bob)

    manual.change(bob.store, bob.find("Retries stop after six"), {"title": "Nine"}, by="cli")
    both(bob, alice)

    with alice.store.read() as db:
        assert log.conflicts(db, alice.member().team) == []
    assert alice.titles() == ["Nine"]


def test_a_teammates_edit_of_my_memory_waits_for_me(make_home: HomeMaker) -> None:
    """What I trusted was other words."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    memory = alice.remember("Retries stop after five attempts")
    both(alice, bob)

    manual.change(bob.store, bob.find("Retries stop after five attempts"),
                  {"body": "Run the script from the wiki first."}, by="cli")  # fmt: skip
    both(bob, alice)

    with alice.store.read() as db:
        assert memories.existing(db, memory).held


def test_forgetting_beats_edits_and_imports_on_every_machine(make_home: HomeMaker) -> None:
    """Whoever edits meanwhile, and whatever says it again."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    memory = alice.remember("The staging database listens on port 6432", "It is behind pgbouncer.")
    both(alice, bob)

    manual.forget(alice.store, memory, by="cli")
    manual.change(bob.store, bob.find("The staging database listens on port 6432"),
                  {"title": "The staging database is on port 6432"}, by="cli")  # fmt: skip
    both(alice, bob)

    assert (alice.titles(), bob.titles()) == ([], [])
    assert distilled_again(bob) is None


def distilled_again(home: Home) -> int | None:
    """Write what was forgotten as an observer would that finds it in another session."""
    from codemem_core.distil.reconcile import settle  # noqa: PLC0415
    from codemem_core.records.memory import NewMemory  # noqa: PLC0415
    from codemem_core.store import sessions  # noqa: PLC0415

    again = NewMemory(
        key="again", kind="discovery", origin="assistant",
        title="Staging database listens on port 6432", body="It is behind pgbouncer.",
    )  # fmt: skip

    def write(db: object) -> int | None:
        session = sessions.by_hand(db, project="api", cwd=None, now_ms=1)  # type: ignore[arg-type]
        return settle(db, again, session_id=session, now_ms=1)  # type: ignore[arg-type]

    return home.store.write(write)


def test_a_machine_that_joins_later_knows_what_was_forgotten(make_home: HomeMaker) -> None:
    """It never had the memory, only the hashes of its claim."""
    alice = make_home("alice")
    alice.share()
    memory = alice.remember("The staging database listens on port 6432", "It is behind pgbouncer.")
    alice.sync()
    manual.forget(alice.store, memory, by="cli")
    alice.sync()

    bob = make_home("bob")
    bob.sync()

    assert bob.titles() == []
    assert distilled_again(bob) is None


def test_only_its_author_or_a_maintainer_forgets_for_all(pg: Server, make_home: HomeMaker) -> None:
    """A member's forgetting of another's memory holds on the member's machine."""
    alice, bob, carol = (
        make_home("alice"),
        make_home("bob"),
        make_home("carol", role="maintainer"),
    )
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.remember("The staging database is on port 6432")
    both(alice, bob, carol)

    manual.forget(bob.store, bob.find("Exports round VAT once per rate"), by="cli")
    manual.forget(carol.store, carol.find("The staging database is on port 6432"), by="cli")
    both(bob, carol, alice)

    assert alice.titles() == ["Exports round VAT once per rate"]
    assert bob.titles() == []


def test_a_maintainers_confirmation_holds_for_all(pg: Server, make_home: HomeMaker) -> None:
    """A member's is the member's own."""
    alice, bob, carol = (
        make_home("alice"),
        make_home("bob"),
        make_home("carol", role="maintainer"),
    )
    alice.share()
    alice.remember("Exports round VAT once per rate")
    both(alice, bob, carol)
    held = []

    for home in (alice, carol):
        memory = home.find("Exports round VAT once per rate")
        manual.change(home.store, memory, {"confirmed": True}, by="cli", label="confirm")
        both(home, bob)
        with bob.store.read() as db:
            held.append(memories.existing(db, bob.find("Exports round VAT once per rate")).held)

    assert held == [True, False]


def test_a_confirmed_memory_whose_text_is_changed_waits_again(
    pg: Server, make_home: HomeMaker
) -> None:
    """For whoever confirmed it, and for all that a maintainer confirmed it for."""
    alice, bob, carol = (make_home(login) for login in ("alice", "bob", "carol"))
    pg.add_member("carol", "maintainer")
    bob.share()
    memory = bob.remember("Exports round VAT once per rate")
    both(bob, alice, carol)
    for home in (alice, carol):
        theirs = home.find("Exports round VAT once per rate")
        manual.change(home.store, theirs, {"confirmed": True}, by="cli", label="confirm")
    both(alice, carol, bob)

    manual.change(bob.store, memory, {"body": "Run the script from my wiki first."}, by="cli")
    both(bob, alice, carol)

    for home in (alice, carol):
        with home.store.read() as db:
            changed = memories.existing(db, home.find("Exports round VAT once per rate"))
        assert (changed.body, changed.held, changed.confirmed) == (
            "Run the script from my wiki first.", True, False,
        )  # fmt: skip


def test_what_waits_or_is_private_never_leaves(make_home: HomeMaker) -> None:
    """Nor a secret that was in it, nor what a teammate wrote."""
    alice = make_home("alice")
    alice.share()
    held = alice.remember("Order from a web page")
    private = alice.remember("A note of my own")
    alice.store.write(lambda db: memories.edit(db, held, {"held": True}, now_ms=1))
    alice.store.write(
        lambda db: memories.edit(db, private, {"metadata": {"visibility": "private"}}, now_ms=1)
    )
    secret = alice.remember("The deploy key rotates monthly")
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    alice.store.write(
        lambda db: rows(db, "UPDATE memories SET body = ? WHERE id = ?", (token, secret))
    )

    alice.sync()

    bodies = [json.loads(str(body)) for *_, body in alice.history()]
    titles = [body["title"] for body in bodies if "title" in body]
    assert titles == ["The deploy key rotates monthly"]
    assert token not in json.dumps(bodies)


def test_the_same_claim_of_two_people_is_support(make_home: HomeMaker) -> None:
    """One memory, found out by two sessions; when one of them forgets theirs, mine stays."""
    alice, bob = make_home("alice"), make_home("bob")
    for home in (alice, bob):
        home.share()
        home.remember("Exports round VAT once per rate", "The tax office counts it by rate.")
    both(alice, bob)

    with bob.store.read() as db:
        [mine] = memories.recent(db, limit=9)
    assert (mine.support, mine.origin) == (2, "user")

    manual.forget(alice.store, alice.find("Exports round VAT once per rate"), by="cli")
    both(alice, bob)

    assert bob.titles() == ["Exports round VAT once per rate"]


def test_a_record_that_cannot_be_read_is_quarantined_and_the_next_one_arrives(
    pg: Server, make_home: HomeMaker
) -> None:
    """With its reason; the position goes on."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    for idx, body in enumerate([b"not JSON", b'{"v": 1, "title": " "}', b'{"v": 99}'], start=2):
        poison(pg, alice, idx, body)
    append(alice, 4)
    alice.remember("Dates are stored in UTC")
    both(alice, bob)

    with bob.store.read() as db:
        found = rows(db, "SELECT reason FROM team_records WHERE state = 'quarantined' ORDER BY idx")
    assert [reason.partition(":")[0] for (reason,) in found] == [
        "its body is no JSON object",
        "`body` is no text of at most 60000 characters",
        "made by another version of codemem",
    ]
    assert bob.titles() == ["Dates are stored in UTC", "Exports round VAT once per rate"]


def poison(pg: Server, home: Home, idx: int, body: bytes) -> None:
    """Append a record that no codemem writes, as its own login may."""
    one = home.member()
    with pg.as_login(home.login) as connection:
        connection.execute(
            "INSERT INTO codemem.record"
            " (team, device, idx, author, role, kind, subject, hlc, body)"
            " VALUES (%s, %s, %s, %s, %s, 'memory', %s, 1, %s)",
            (one.team, one.device, idx, home.login, one.role, str(uuid.uuid4()), body),
        )


def append(home: Home, count: int) -> None:
    """Let a machine's own numbers go on behind records that it did not write."""
    query = "UPDATE team_memberships SET next_idx = ?"
    home.store.write(lambda db: rows(db, query, (count + 1,)))


def test_nobody_writes_in_anothers_name(pg: Server, make_home: HomeMaker) -> None:
    """A memory whose subject another author's key gives is quarantined."""
    alice, mallory = make_home("alice"), make_home("mallory")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    [(_, _, _, _, _, subject, _, body)] = alice.history()
    one = mallory.member()
    with pg.as_login("mallory") as connection:
        connection.execute(
            "INSERT INTO codemem.record (team, device, idx, author, role, kind, subject, hlc, body)"
            " VALUES (%s, %s, 1, 'mallory', 'member', 'memory', %s, 1, %s)",
            (one.team, one.device, subject, str(body).encode()),
        )

    alice.sync()

    with alice.store.read() as db:
        found = rows(db, "SELECT reason FROM team_records WHERE author = 'mallory'")
    assert found == [("its subject is not its author's",)]


def test_a_memory_that_was_restored_is_back_everywhere(make_home: HomeMaker) -> None:
    """Its author took the forgetting back: that is a new memory, the forgetting stays."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    memory = alice.remember("Exports round VAT once per rate")
    both(alice, bob)
    manual.forget(alice.store, memory, by="cli")
    both(alice, bob)
    gone = bob.titles()

    with alice.store.read() as db:
        entry = journal.newest(db).id
    alice.store.write(lambda db: journal.undo(db, entry, by="cli", now_ms=1_800_000_000_000))
    both(alice, bob)

    assert (gone, bob.titles()) == ([], ["Exports round VAT once per rate"])


def test_a_purged_memory_leaves_no_text_in_the_log_here(make_home: HomeMaker) -> None:
    """Deleting it is more than forgetting it; the others forget it."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    memory = alice.remember("The canary sings at dawn")
    both(alice, bob)

    alice.store.write(lambda db: rows(db, "DELETE FROM memories WHERE id = ?", (memory,)))
    both(alice, bob)

    assert "canary" not in str(alice.history())
    assert bob.titles() == []
