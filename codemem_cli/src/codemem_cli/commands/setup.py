"""`codemem setup`: install codemem into the agents on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import click

from codemem_cli.observer_choice import choose_observer
from codemem_cli.retention_choice import choose_retention
from codemem_core import paths
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.errors import CodememError, InputError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check, Installer
from codemem_core.records.seams import HostSetup

T = TypeVar("T")


@click.command()
@click.argument("agent", required=False)
@click.option(
    "--check", "only_check", is_flag=True, help="Change nothing; exit 1 if anything is amiss."
)
@click.option("--uninstall", is_flag=True, help="Disconnect codemem.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@db_option
@json_option
@pass_host
def setup(
    host: Host,
    agent: str | None,
    *,
    only_check: bool,
    uninstall: bool,
    yes: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Connect the agents on this machine to codemem, and check that everything is in place.

    Without a name it connects every agent it finds. It shows what it would change and asks first;
    then it asks who turns sessions into memories, naming where text would go, and how long it is
    kept.

    Example: codemem setup opencode --check
    """
    agents = _agents(host, agent, silent=as_json)
    # Nobody can be asked in a script that names the agent: it knows what it wants.
    sure = yes or (agent is not None and (as_json or not sys.stdin.isatty()))
    if uninstall:
        for each in agents:
            each.tell(each.call(each.installer.remove) or ["nothing to remove"])
    elif only_check or _install(agents, sure=sure, silent=as_json):
        database = paths.database_path(host.settings, db_path)
        for each in agents:
            each.examine(database)
        if not as_json:
            _conclude(host, only_check=only_check, may_ask=not yes and sys.stdin.isatty())
    if as_json:
        say_json({"agents": {each.record.name: each.to_json() for each in agents}})
    # A fresh installation has not heard of its agent yet.
    if only_check and not all(check.ok for each in agents for check in each.checks):
        raise SystemExit(1)


def _conclude(host: Host, *, only_check: bool, may_ask: bool) -> None:
    """Settle who observes and how long text is kept, and say what comes next."""
    if may_ask and not only_check:
        choose_observer(host)
        choose_retention(host)
    say(f"log: {paths.log_path(host.settings)}")
    if not only_check:
        say("\nNext: start a new session of your agent and work as usual.")
        say("      `codemem` shows what was learned, `codemem open` the pages.")


@dataclass(frozen=True, slots=True)
class _Agent:
    """An agent and what installs codemem into it."""

    record: HostSetup
    installer: Installer
    plugins: Plugins
    silent: bool
    """Whether all that is found out is told at the end, as JSON."""
    told: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def call(self, work: Callable[[], T]) -> T:
        """Run a method of the installer; a fault in it names its plugin."""
        return self.plugins.call_in_front(self.record, work, passing=(CodememError,))

    def tell(self, sentences: list[str]) -> None:
        """Print what concerns the agent."""
        self.told.extend(sentences)
        for sentence in () if self.silent else sentences:
            say(f"{self.record.name}: {sentence}")

    def examine(self, database: str) -> None:
        """Look whether everything is in place, and print it."""
        self.checks.extend(self.call(lambda: list(self.installer.checks(database=database))))
        if self.silent:
            return
        say(f"{self.record.name}:")
        for check in self.checks:
            say(f"{'ok ' if check.ok else 'NOT'} {check.text}")
            if check.hint:
                say(f"    hint: {check.hint}")

    def to_json(self) -> dict[str, Any]:
        """Return what was told and found."""
        checks = [{"ok": each.ok, "text": each.text, "hint": each.hint} for each in self.checks]
        return {"told": self.told, "checks": checks}


def _agents(host: Host, wanted: str | None, *, silent: bool) -> list[_Agent]:
    """Return one agent, or every agent that is there."""
    records = host.plugins.host_setups()
    if wanted is not None and wanted not in records:
        raise InputError(f"no such agent: `{wanted}`", hint=f"one of: {', '.join(sorted(records))}")
    known = [
        _Agent(record, cast("Installer", host.plugins.make(record)), host.plugins, silent)
        for name, record in sorted(records.items())
        if wanted in {None, name}
    ]
    there = [each for each in known if wanted or each.call(each.installer.found)]
    if not there:
        names = "|".join(sorted(records))
        raise InputError(
            "no agent found on this machine",
            hint=f"install one, or name it: codemem setup {names}",
        )
    return there


def _install(agents: list[_Agent], *, sure: bool, silent: bool) -> bool:
    """Show what would change, ask, do it; False when it was not to be."""
    planned = [(each, each.call(each.installer.changes)) for each in agents]
    for each, changes in planned:
        each.tell(changes or ["nothing to change"])
    if not any(changes for _, changes in planned):
        return True
    if not sure and (silent or not sys.stdin.isatty()):
        raise InputError("nothing was changed", hint="add `--yes`, or name the agent")
    if not sure and not click.confirm("Make these changes?", default=True):
        return False
    for each, changes in planned:
        if changes:
            each.call(each.installer.apply)
    return True
