"""What people type, from an empty server to a shared memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from team.homes import OWNER, Server


class Machine:
    """A home folder in which commands are typed."""

    def __init__(self, folder: Path, server: Server, login: str) -> None:
        folder.mkdir()
        self._environ = {
            **os.environ,
            "HOME": str(folder),
            "CODEMEM_TEAM_URL": server.url(login),
            "CODEMEM_PROJECT": "api",
        }

    def run(self, line: str, *more: str) -> str:
        """Type a line and return what it printed."""
        command = [sys.executable, "-m", "codemem_cli", *line.split(), *more]
        done = subprocess.run(
            command, env=self._environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def laptop(pg: Server, tmp_path: Path) -> Machine:
    """Have a first machine of the database's owner."""
    return Machine(tmp_path / "laptop", pg, OWNER)


@pytest.fixture
def desktop(pg: Server, tmp_path: Path) -> Machine:
    """Have a second machine of the same person."""
    return Machine(tmp_path / "desktop", pg, OWNER)


def test_two_machines_of_one_person_are_set_up_in_two_commands(
    laptop: Machine, desktop: Machine
) -> None:
    """What one remembers the other knows, as its user's own word."""
    laptop.run("team init")
    desktop.run("team join")

    laptop.run("remember decision", "Exports round VAT once per rate", "All of them do.")
    preview = laptop.run("share --project api")
    laptop.run("share --project api --yes")
    laptop.run("team sync")
    desktop.run("team sync")

    assert "decision: Exports round VAT once per rate" in preview
    [found] = json.loads(desktop.run("recent --json"))["items"]
    assert (found["title"], found["origin"]) == ("Exports round VAT once per rate", "user")


def test_status_counts_both_ends(laptop: Machine, desktop: Machine) -> None:
    """Side by side, by device."""
    laptop.run("team init")
    desktop.run("team join")
    laptop.run("remember note", "Dates are stored in UTC", "All of them are.")
    laptop.run("share --project api --yes --json")
    laptop.run("team sync --json")
    desktop.run("team sync")

    found = json.loads(desktop.run("team status --json"))

    counts = {each["own"]: (each["here"], each["server"]) for each in found["devices"]}
    assert counts == {True: (0, 0), False: (1, 1)}
    assert all(each["balanced"] for each in found["devices"])
