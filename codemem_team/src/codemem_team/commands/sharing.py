"""`codemem share` and `codemem unshare`: which projects go to the team."""

from __future__ import annotations

from collections import Counter
from functools import partial

import apsw
import click

from codemem_core.commands.host import Host, apply_option, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json, say_line
from codemem_core.records.memory import KINDS, Memory
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_team import local, outbox
from codemem_team.local import Membership

_SHOWN = 20

_team_option = click.option("--team", "name", help="Which team, where there are several.")


@click.command
@click.option("--project", required=True, help="Whose memories.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind.")
@_team_option
@apply_option
@json_option
@db_option
@pass_host
def share(
    host: Host,
    *,
    project: str,
    kinds: tuple[str, ...],
    name: str | None,
    apply: bool,
    as_json: bool,
    db_path: str | None,
) -> None:
    """Share a project's memories with the team: those that are there, and new ones as they come.

    Without `--yes` it shows what would go. Never shared: events, prompts, folders; what waits for
    review; what you marked as private; what a teammate wrote.

    Example: codemem share --project api --kind decision --yes
    """
    host.refuse_agents("share memories")
    with host.store(db_path) as store:
        with store.read() as db:
            one = local.membership(db, name)
            found = outbox.unshared(db, one, project=project, kinds=kinds)
        if apply:
            store.write(lambda db: local.share(db, one.team, project, kinds))
            _offer_all(store, one, [memory.id for memory in reversed(found)])
    if as_json:
        ids = [memory.id for memory in found]
        say_json({"team": one.name, "project": project, "shared": apply, "memories": ids})
    else:
        _say_share(one, project, found, done=apply)


def _say_share(one: Membership, project: str, found: list[Memory], *, done: bool) -> None:
    counts = Counter(memory.kind for memory in found).most_common()
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts)
    verb = "shared" if done else "would share"
    say(
        f"{verb} {len(found)} memories of `{project}` with `{one.name}`"
        + f": {kinds}" * bool(kinds)
    )
    if done:
        say(f"new ones follow; `codemem unshare --project {project} --forget` takes all back")
        return
    for memory in found[:_SHOWN]:
        say_line(f"  {memory.id}  {memory.kind}: {memory.title}")
    if len(found) > _SHOWN:
        say(f"  … and {len(found) - _SHOWN} more")
    say("nothing is shared yet; `--yes` shares these and what comes")


def _offer_all(store: Store, one: Membership, ids: list[int]) -> None:
    for start in range(0, len(ids), outbox.AT_ONCE):
        store.write(partial(_offer_some, one=one, ids=ids[start : start + outbox.AT_ONCE]))


def _offer_some(db: apsw.Connection, *, one: Membership, ids: list[int]) -> None:
    for memory_id in ids:
        outbox.offer(db, one, memory_id)


@click.command
@click.option("--project", required=True, help="Whose memories.")
@click.option("--forget", is_flag=True, help="Have teammates forget what was shared, too.")
@_team_option
@json_option
@db_option
@pass_host
def unshare(
    host: Host,
    *,
    project: str,
    forget: bool,
    name: str | None,
    as_json: bool,
    db_path: str | None,
) -> None:
    """Share nothing new of a project; what was shared stays with the team unless `--forget`.

    Example: codemem unshare --project api --forget
    """
    host.refuse_agents("change what is shared")
    with host.store(db_path) as store:
        with store.read() as db:
            one = local.membership(db, name)
        store.write(lambda db: local.unshare(db, one.team, project))
        withdrawn = store.write(lambda db: _withdraw_all(db, one, project)) if forget else 0
    if as_json:
        say_json({"team": one.name, "project": project, "withdrawn": withdrawn})
    else:
        say(f"`{project}` is shared no longer; {withdrawn} memories are taken back")


_MINE = """
    SELECT m.id FROM team_subjects s JOIN memories m ON m.id = s.memory_id
     WHERE s.team = ? AND s.author = ? AND NOT s.forgotten AND m.project = ?
"""


def _withdraw_all(db: apsw.Connection, one: Membership, project: str) -> int:
    mine = rows(db, _MINE, (one.team, one.login, project))
    return sum(outbox.withdraw(db, one, memory_id) for (memory_id,) in mine)
