"""The doctor asks the agents of this machine, too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from codemem_cli.health import agents
from codemem_core.config.settings import Settings
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.records.seams import HostSetup
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


class Pad:
    """An agent's installer with nothing to do."""

    there = True
    todo: tuple[str, ...] = ()

    def __init__(self, _: object) -> None:
        """Need no settings."""

    def found(self) -> bool:
        """Say whether the agent is there."""
        return self.there

    def changes(self) -> list[str]:
        """Return what is left to do."""
        return list(self.todo)

    def checks(self, *, database: str) -> Iterator[Check]:
        """Find one thing amiss."""
        yield Check(ok=False, text=f"nothing fires for {database}", hint="press harder")


class Gone(Pad):
    """One that is not there."""

    there = False


class Unused(Pad):
    """One that has nothing of codemem."""

    todo = ("write a line",)


class Broken(Pad):
    """One with a defect."""

    def checks(self, *, database: str) -> Iterator[Check]:
        """Fail in the middle."""
        yield Check(ok=True, text=database)
        raise RuntimeError("torn")


def found(pad: type[Any], database: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, str]]:
    """Ask a machine with one agent, whose events come as those of Claude."""
    monkeypatch.setitem(sys.modules, "pads", SimpleNamespace(Pad=pad))
    plugin = ModuleType("pads_plugin")

    @hookimpl
    def codemem_host_setups() -> list[HostSetup]:
        return [HostSetup(name="claude", target="pads:Pad")]

    plugin.__dict__["codemem_host_setups"] = codemem_host_setups
    plugins = Plugins.only(plugin, settings=Settings.load({}))
    return [(check.ok, check.text) for _, check in agents.checks(plugins, database)]


def test_what_an_agent_lacks_is_said(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own checks, as `codemem setup --check` has them."""
    assert found(Pad, database, monkeypatch) == [(False, f"nothing fires for {database}")]


def test_who_is_not_there_or_not_connected_is_well(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to use codemem everywhere."""
    assert found(Gone, database, monkeypatch) == []
    [(well, text)] = found(Unused, database, monkeypatch)
    assert well
    assert "codemem setup claude" in text


def test_who_was_connected_is_missed(
    database: str, make_event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has sent events, and its plugin is gone."""
    with Store.open(database) as store:
        store.write(lambda db: events.append(db, [make_event()], now_ms=1))

    assert found(Unused, database, monkeypatch)[0][0] is False


def test_a_broken_installer_is_a_finding(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor goes on."""
    [(well, text)] = found(Broken, database, monkeypatch)

    assert not well
    assert "torn" in text
