"""`codemem db purge`: forget for good what must not be there."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from codemem_cli.upkeep import secret_purge as purging
from codemem_cli.upkeep.secret_forms import Secret
from codemem_core import paths
from codemem_core.commands.host import Host, apply_option, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json, warn, working
from codemem_core.errors import InputError
from codemem_core.store import tombstones as tombstone_rows


@click.command()
@click.option(
    "--tombstones", is_flag=True, help="Remove instead what keeps forgotten statements away."
)
@apply_option
@db_option
@json_option
@pass_host
def purge(host: Host, tombstones: bool, apply: bool, db_path: str | None, as_json: bool) -> None:
    """Remove a secret from everything stored, then search every byte for it.

    The secret is prompted for or read from standard input; never put it on a command line. Covers
    the database, its search index, log, backups and undo journal, the spool and log files, also
    in other case, width or normal form, as base64, hexadecimal or in an address, and wrapped over
    lines; half of it alone is reported. What is compressed, encrypted or reversed is not found.
    Cannot be undone, nor can earlier changes. Replace the secret all the same: others may have it.

    `codemem forget` keeps keyed hashes, so that the same statement does not come back;
    `--tombstones` removes those and nothing else.

    Example: pbpaste | codemem db purge --yes
    """
    if tombstones:
        _remove_tombstones(host, db_path, apply=apply, as_json=as_json)
        return
    path = paths.database_path(host.settings, db_path)
    host.store(db_path).close()  # also says what is wrong with it
    secret = Secret(_asked())
    with working("Searching"):
        found = purging.look(path, host.settings, secret)
    if as_json and not apply:
        say_json({"applied": False, "found": [asdict(place) for place in found]})
        return
    for place in () if as_json else found:
        say(f"{place.found:6}  {place.where}")
    if not apply:
        say(f"found in {len(found)} places; `--yes` takes it out" if found else "not found")
        return
    with working("Taking it out"):
        proof = purging.purge(path, host.settings, secret)
        halves = purging.halves(path, host.settings, secret)
    if as_json:
        lists = {"found": found, "halves": halves}
        printed = {name: [asdict(place) for place in places] for name, places in lists.items()}
        say_json({"applied": True, "searched": asdict(proof), **printed})
        return
    say(f"gone: searched {proof.size_bytes / 1e6:.1f} MB of {proof.files} files, found nothing")
    for place in halves:
        warn(f"half of it is still in {place.where}: purge that half, too, if it tells too much")


def _remove_tombstones(host: Host, db_path: str | None, *, apply: bool, as_json: bool) -> None:
    with host.store(db_path) as store:
        with store.read() as db:
            found = tombstone_rows.count(db)
        if apply:
            store.write(tombstone_rows.clear)
    if as_json:
        say_json({"applied": apply, "tombstones": found})
    else:
        say(f"{found} tombstones removed" if apply else f"{found} tombstones; `--yes` removes them")


def _asked() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("The secret", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.buffer.read().decode("utf-8", "replace").removesuffix("\n")
    if not text:
        raise InputError(
            "nothing was given on standard input", hint="codemem db purge < secret.txt"
        )
    return text
