"""Machines that remember, edit, forget and sync at random, and what must hold in the end.

As a program it is one such machine: it says on standard output what is committed, line by line, so
that whoever kills it knows what may not be lost. `fleet.py DATABASE URL LOGIN SEED STEPS SKEW_MS`
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from team.homes import Home, Server

from codemem_core.distil import manual
from codemem_core.errors import CodememError
from codemem_core.store import memories
from codemem_team import log

_SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo zu".split()


def words(chance: random.Random, count: int) -> str:
    """Return made-up words: no two memories say the same."""
    return " ".join("".join(chance.choices(_SYLLABLES, k=4)) for _ in range(count))


@dataclass
class Ledger:
    """What was committed, as far as a machine could say so."""

    made: set[str] = field(default_factory=set)
    """Bodies of memories."""
    forgotten: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        """Take a line of a machine."""
        sign, _, body = line.rstrip("\n").partition(" ")
        if sign == "+":
            self.made.add(body)
        elif sign == "-":
            self.forgotten.add(body)


class Machine:
    """A home in which things happen at random."""

    def __init__(self, home: Home, chance: random.Random) -> None:
        self._home = home
        self._chance = chance

    def step(self) -> str:
        """Do one thing; return a line for the ledger, or nothing."""
        what = self._chance.random()
        if what < 0.55:
            return self._remember()
        if what < 0.75:
            return self._edit()
        if what < 0.85:
            return self._forget()
        try:
            self._home.sync()
        except CodememError:
            return ""  # the server is away
        return ""

    def _remember(self) -> str:
        body = words(self._chance, 9)
        self._home.remember(words(self._chance, 5), body)
        return f"+ {body}"

    def _edit(self) -> str:
        memory_id = self._any(mine=False)
        if memory_id is not None:
            name = self._chance.choice(["title", "narrative"])
            manual.change(self._home.store, memory_id, {name: words(self._chance, 5)}, by="cli")
        return ""

    def _forget(self) -> str:
        memory_id = self._any(mine=True)
        if memory_id is None:
            return ""
        with self._home.store.read() as db:
            memory = memories.existing(db, memory_id)
        manual.forget(self._home.store, memory_id, by="cli")
        return f"- {memory.body}"

    def _any(self, *, mine: bool) -> int | None:
        query = (
            "SELECT m.id FROM memories m JOIN team_subjects s ON s.memory_id = m.id"
            " WHERE m.active AND (NOT ? OR s.author = ?) ORDER BY s.subject"
        )
        with self._home.store.read() as db:
            found = db.execute(query, (mine, self._home.login)).fetchall()
        return int(self._chance.choice(found)[0]) if found else None


def settle(homes: Iterable[Home]) -> None:
    """Sync until everybody has everything."""
    homes = list(homes)
    for _ in range(3):
        for home in homes:
            home.sync()


def assert_in_step(server: Server, homes: Iterable[Home], ledger: Ledger) -> None:
    """Nothing is lost, doubled or back; all machines and the server have the same."""
    first, *others = homes
    state, history = first.state(), first.history()
    for home in others:
        assert home.history() == history
        assert home.state() == state
    assert server.count() == len(history)
    for home in (first, *others):
        bodies = [body for _, body, *_ in home.state().values()]
        assert len(bodies) == len(set(bodies)), "doubled"
        assert ledger.made - ledger.forgotten - set(bodies) == set(), "lost"
        assert ledger.forgotten & set(bodies) == set(), "back"
        with home.store.read() as db:
            assert log.queued(db, home.member(), limit=1) == []


def main(arguments: list[str]) -> None:
    """Be one machine."""
    database, url, login, seed, steps, skew_ms = arguments
    home = Home.open(Path(database), url, login)
    home.set_clock(int(skew_ms))
    machine = Machine(home, random.Random(int(seed)))
    for _ in range(int(steps)):
        if line := machine.step():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    home.store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
