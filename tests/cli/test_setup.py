"""`codemem setup`, with an agent of the test's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from codemem_cli.commands.setup import setup
from codemem_core.commands.host import Host
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.records.seams import HostSetup

Run = Callable[..., Result]


class Pad:
    """An installer that writes down what it is told."""

    done: list[str]

    def __init__(self, _: object) -> None:
        """Begin with nothing."""

    def found(self) -> bool:
        """It is always there."""
        return True

    def changes(self) -> list[str]:
        """Return what is left to do."""
        return [] if "apply" in self.done else ["write a line"]

    def apply(self) -> None:
        """Write a line."""
        self.done.append("apply")

    def remove(self) -> list[str]:
        """Take it out."""
        return ["took it out"]

    def checks(self, *, database: str) -> Iterator[Check]:
        """See whether it was done."""
        yield Check(ok="apply" in self.done, text=f"a line for {database}", hint="codemem setup")


class Broken(Pad):
    """One that fails in a way nobody foresaw."""

    def changes(self) -> list[str]:
        """Fail."""
        raise ZeroDivisionError("1 / 0")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs the command on a machine with these agents."""
    Pad.done = []
    monkeypatch.setitem(sys.modules, "pads", SimpleNamespace(Pad=Pad, Broken=Broken))

    def call(*arguments: str, names: tuple[str, ...] = ("Pad",), answer: str = "") -> Result:
        plugin = ModuleType("pads_plugin")

        @hookimpl
        def codemem_host_setups() -> list[HostSetup]:
            return [HostSetup(name=name.lower(), target=f"pads:{name}") for name in names]

        plugin.__dict__["codemem_host_setups"] = codemem_host_setups
        host = Host()
        host.__dict__["plugins"] = Plugins.only(plugin, settings=host.settings)
        return CliRunner().invoke(setup, list(arguments), obj=host, input=answer)

    return call


def test_json_tells_what_was_done_and_found(run: Run) -> None:
    """One value and nothing else; nobody is asked, so it has to be agreed to before."""
    refused = run("--json")
    done = json.loads(run("--json", "--yes").output)
    checked = run("pad", "--check", "--json")

    [check] = done["agents"]["pad"]["checks"]
    assert "nothing was changed" in str(refused.exception)
    assert done["agents"]["pad"]["told"] == ["write a line"]
    assert check["ok"] is True
    assert json.loads(checked.output)["agents"]["pad"] == {"told": [], "checks": [check]}


def test_nothing_is_done_before_somebody_agrees(run: Run) -> None:
    """Without a terminal it shows the changes and stops; with `--yes` or a name it goes on."""
    shown = run()
    untouched = list(Pad.done)
    agreed = run("--yes")

    assert "pad: write a line" in shown.output
    assert "nothing was changed" in str(shown.exception)
    assert untouched == []
    assert "ok  a line for" in agreed.output
    assert Pad.done == ["apply"]


def test_check_changes_nothing_and_tells_by_its_exit_code(run: Run) -> None:
    """1 while something is amiss, 0 when all is in place."""
    before = run("pad", "--check")
    run("pad")
    after = run("--check")

    assert (before.exit_code, after.exit_code) == (1, 0)
    assert "NOT a line for" in before.output
    assert "hint: codemem setup" in before.output


def test_uninstall_says_what_was_taken_out(run: Run) -> None:
    """What `remove` returns is shown."""
    assert "pad: took it out" in run("pad", "--uninstall").output


def test_a_broken_installer_is_named(run: Run) -> None:
    """A defect in a plugin is one sentence, and says how to go without it."""
    done = run("--yes", names=("Pad", "Broken"))

    assert "ZeroDivisionError" in str(done.exception)
    assert "pads:Broken" in str(done.exception)
    assert "-p no:NAME" in str(getattr(done.exception, "hint", ""))
    assert Pad.done == []


def test_unknown_agent_is_answered_with_those_there_are(run: Run) -> None:
    """A typing mistake costs no search."""
    done = run("pda", names=("Pad", "Broken"))

    assert "`pda`" in str(done.exception)
    assert getattr(done.exception, "hint", "") == "one of: broken, pad"
