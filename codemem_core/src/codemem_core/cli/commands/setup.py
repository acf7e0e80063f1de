"""`codemem setup`: install codemem into the agents on this machine."""

from __future__ import annotations

import sys
from typing import cast

import click

from codemem_core import paths
from codemem_core.cli.host import Host, db_option, pass_host
from codemem_core.cli.output import say
from codemem_core.errors import InputError
from codemem_core.records.protocols import Check, Installer


@click.command()
@click.argument("agent", required=False)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if it is amiss.")
@click.option("--uninstall", is_flag=True, help="Take codemem out again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@db_option
@pass_host
def setup(
    host: Host,
    agent: str | None,
    *,
    only_check: bool,
    uninstall: bool,
    yes: bool,
    db_path: str | None,
) -> None:
    """Install codemem into the agents on this machine, and say whether everything is in place.

    Without a name it looks which agents there are, shows what it would change, and asks.

    Example: codemem setup opencode --check
    """
    installers = _installers(host, agent)
    if uninstall:
        for name, installer in installers.items():
            _tell(name, installer.remove() or ["nothing to take out"])
        return
    if not only_check and not _install(installers, sure=yes or agent is not None):
        return
    database = paths.database_path(host.settings, db_path)
    fine = [
        _report(name, list(each.checks(database=database))) for name, each in installers.items()
    ]
    say(f"log: {paths.log_path(host.settings)}")
    # A fresh installation has not heard of its agent yet.
    if only_check and not all(fine):
        raise SystemExit(1)


def _installers(host: Host, agent: str | None) -> dict[str, Installer]:
    """Return the installer of one agent, or of every agent that is there."""
    records = host.plugins.host_setups()
    if agent is not None and agent not in records:
        raise InputError(f"no such agent: `{agent}`", hint=f"one of: {', '.join(sorted(records))}")
    made = {
        name: cast("Installer", host.plugins.make(record))
        for name, record in sorted(records.items())
        if agent in {None, name}
    }
    there = {name: each for name, each in made.items() if agent or each.found()}
    if not there:
        raise InputError(
            "no agent found on this machine", hint=f"codemem setup {'|'.join(sorted(records))}"
        )
    return there


def _install(installers: dict[str, Installer], *, sure: bool) -> bool:
    """Show what would change, ask, do it; False when it was not to be."""
    planned = {name: each.changes() for name, each in installers.items()}
    for name, changes in planned.items():
        _tell(name, changes or ["nothing to change"])
    if not any(planned.values()):
        return True
    if not sure and not sys.stdin.isatty():
        raise InputError("nothing was changed", hint="add `--yes`, or name the agent")
    if not sure and not click.confirm("Make these changes?", default=True):
        return False
    for name, installer in installers.items():
        if planned[name]:
            installer.apply()
    return True


def _tell(name: str, sentences: list[str]) -> None:
    for sentence in sentences:
        say(f"{name}: {sentence}")


def _report(name: str, checks: list[Check]) -> bool:
    say(f"{name}:")
    for check in checks:
        say(f"{'ok ' if check.ok else 'NOT'} {check.text}")
        if check.hint:
            say(f"    hint: {check.hint}")
    return all(check.ok for check in checks)
