"""The spool: what waits in it, and emptying it by hand."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_core.capture import spool_files
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.commands.host import Group, Host, db_option, json_option, pass_host
from codemem_core.commands.output import day, say, say_json
from codemem_core.errors import CodememError


@click.group(cls=Group)
def spool() -> None:
    """Inspect and store payloads that hooks set aside while server and database were away."""


@spool.command()
@json_option
@pass_host
def status(host: Host, as_json: bool) -> None:
    """Show what is waiting, what was set aside and why, and what a full spool refused.

    Example: codemem queue spool status
    """
    found = spool_files.status(Spool.of(host.settings).path)
    if as_json:
        say_json(asdict(found))
        return
    since = f", the oldest since {day(found.oldest_ms)}" if found.oldest_ms else ""
    say(f"{found.waiting} waiting, {found.bytes} bytes{since}")
    say(f"{len(found.bad)} set aside, {found.refused} refused")
    for name, reason in found.bad.items():
        say(f"- {name}: {reason}")


@spool.command()
@click.option("--bad", is_flag=True, help="Retry what was set aside.")
@db_option
@json_option
@pass_host
def drain(host: Host, bad: bool, db_path: str | None, as_json: bool) -> None:
    """Store waiting payloads now, oldest first; a running server does it anyway.

    Example: codemem queue spool drain
    """
    kept = Spool.of(host.settings)
    if bad:
        kept.retry_bad()
    with host.store(db_path) as store:
        done = kept.drain(store, Intake(host.plugins), limit=1_000_000)
    if done.busy:
        raise CodememError("the spool is being drained by another process")
    if as_json:
        say_json(asdict(done))
    else:
        say(
            f"{done.stored} stored, {done.duplicate} already there, {done.skipped} without content,"
            f" {done.failed} failed, {done.bad} set aside"
        )
