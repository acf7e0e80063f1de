"""Keep the database small and tidy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import apsw
import click

from codemem_cli.upkeep import near_duplicates, prune
from codemem_cli.upkeep.prune import PRUNED_KINDS, Found
from codemem_cli.upkeep.size import size
from codemem_core import paths
from codemem_core.commands.host import Host, apply_option, db_option, json_option, pass_host
from codemem_core.commands.output import counted, say, say_json, working
from codemem_core.commands.when import since_to_ms
from codemem_core.records.memory import KINDS
from codemem_core.store import journal, moves
from codemem_core.store.engine.store import Store
from codemem_core.store.moves import Move
from codemem_core.store.repair import vacuum as compact

_SHOWN = 20
"""Findings that are listed; the rest is counted."""
limit_option = click.option("--limit", type=click.IntRange(1), help="At most so many.")
project_option = click.option("--project", help="Only of this project. [default: all]")
kinds_option = click.option(
    "--kinds",
    multiple=True,
    type=click.Choice(KINDS, case_sensitive=False),
    help="Only these kinds; repeatable.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Change nothing; the default.")


def _now() -> int:
    return time.time_ns() // 1_000_000


# --- memories that go ----------------------------------------------------------------------------


@click.command("prune-observations")
@limit_option
@dry_run_option
@apply_option
@db_option
@json_option
@pass_host
def prune_observations(
    host: Host,
    limit: int | None,
    dry_run: bool,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Forget observations that have no content, such as `no code changes were made`.

    Example: codemem db prune-observations --yes
    """
    with host.store(db_path) as store:
        found = prune.low_signal(store, ("observation",), limit=limit)
        _forget(store, found, "prune observations", apply=apply and not dry_run, as_json=as_json)


@click.command("prune-memories")
@limit_option
@kinds_option
@project_option
@dry_run_option
@apply_option
@db_option
@json_option
@pass_host
def prune_memories(
    host: Host,
    limit: int | None,
    kinds: tuple[str, ...],
    project: str | None,
    dry_run: bool,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Forget memories of any kind that have no content; pinned and confirmed ones are kept.

    Example: codemem db prune-memories --kinds change --yes
    """
    with host.store(db_path) as store:
        found = prune.low_signal(store, kinds or PRUNED_KINDS, project=project, limit=limit)
        _forget(store, found, "prune memories", apply=apply and not dry_run, as_json=as_json)


@click.command("prune-old")
@click.option("--older-than", required=True, help="`365d`, `52w`, or before an ISO date.")
@limit_option
@kinds_option
@project_option
@apply_option
@db_option
@json_option
@pass_host
def prune_old(
    host: Host,
    older_than: str,
    limit: int | None,
    kinds: tuple[str, ...],
    project: str | None,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Forget memories older than a date; pinned and confirmed ones are kept.

    Example: codemem db prune-old --older-than 365d --kinds change --kinds exploration --yes
    """
    before_ms = since_to_ms(older_than, now_ms=_now())
    with host.store(db_path) as store:
        found = prune.outdated(
            store, kinds or KINDS, before_ms=before_ms, project=project, limit=limit
        )
        _forget(store, found, f"prune older than {older_than}", apply=apply, as_json=as_json)


def _forget(
    store: Store, found: Sequence[Found], label: str, *, apply: bool, as_json: bool
) -> None:
    now_ms = _now()
    done = _journaled(
        store, label, lambda db: prune.forget(db, found, now_ms=now_ms), now_ms, apply=apply
    )
    if as_json:
        say_json({"applied": apply, "forgotten": done, "found": [asdict(item) for item in found]})
        return
    for item in found[:_SHOWN]:
        say(f"[{item.id}] ({item.kind}) {item.title}")
    _told(len(found), "forgotten", apply=apply)


def _journaled(
    store: Store,
    label: str,
    change: Callable[[apsw.Connection], int],
    now_ms: int,
    *,
    apply: bool,
) -> int:
    """Run a change as one entry of the journal, or not at all; return what it returns."""

    def write(db: apsw.Connection) -> int:
        with journal.recorded(db, label, by="cli", now_ms=now_ms):
            return change(db)

    return store.write(write) if apply else 0


def _told(number: int, what: str, *, apply: bool) -> None:
    if number > _SHOWN:
        say(f"… and {number - _SHOWN} more")
    if apply and number:
        say(f"{number} memories {what}; `codemem undo` takes it back")
    elif number:
        say(f"{number} memories would be {what}; `--yes` does it")
    else:
        say(f"no memories to be {what}")


@click.command("merge-duplicates")
@click.option(
    "--alike",
    default=near_duplicates.THRESHOLD,
    show_default=True,
    type=click.FloatRange(0.5, 1.0),
    help="The share of word pairs that both have.",
)
@project_option
@apply_option
@db_option
@json_option
@pass_host
def merge_duplicates(
    host: Host, alike: float, project: str | None, apply: bool, db_path: str | None, as_json: bool
) -> None:
    """Merge memories that say the same; the more trusted, longer, newer one is kept.

    Example: codemem db merge-duplicates --alike 0.9
    """
    now_ms = _now()
    with host.store(db_path) as store:
        with counted() as show:
            found = near_duplicates.pairs(
                store,
                threshold=alike,
                project=project,
                progress=lambda *at: show("compared", *at),
            )
        done = _journaled(
            store,
            "merge duplicates",
            lambda db: near_duplicates.merge(db, found, now_ms=now_ms),
            now_ms,
            apply=apply,
        )
    if as_json:
        say_json({"applied": apply, "merged": done, "pairs": near_duplicates.to_json(found)})
        return
    for pair in found[:_SHOWN]:
        say(f"{pair.alike:.2f}  keep [{pair.kept.id}] {pair.kept.title}")
        say(f"      drop [{pair.dropped.id}] {pair.dropped.title}")
    _told(len(found), "merged", apply=apply)


# --- the file ------------------------------------------------------------------------------------


@click.command()
@db_option
@json_option
@pass_host
def vacuum(host: Host, db_path: str | None, as_json: bool) -> None:
    """Rewrite the database without the space of deleted rows.

    Example: codemem db vacuum
    """
    path = paths.database_path(host.settings, db_path)
    host.store(db_path).close()
    with working("Writing anew"):
        done = compact.vacuum(path)
    if as_json:
        say_json({"database": path, **asdict(done)})
        return
    say(f"{done.before / 1e6:.1f} MB before, {done.after / 1e6:.1f} MB now: {path}")


@click.command("size-report")
@click.option("--limit", default=12, show_default=True, type=click.IntRange(1))
@db_option
@json_option
@pass_host
def size_report(host: Host, limit: int, db_path: str | None, as_json: bool) -> None:
    """Show what takes up space: the largest tables and indexes.

    Example: codemem db size-report --limit 5
    """
    with host.store(db_path) as store, store.read() as db, working("Measuring"):
        found = size(db, limit=limit)
    if as_json:
        say_json(asdict(found))
        return
    say(f"{found.size_bytes / 1e6:.1f} MB, of which {found.free_bytes / 1e6:.1f} MB are free")
    for part in found.parts:
        counted = "" if part.rows is None else f"  {part.rows:,} rows"
        say(f"{part.size_bytes / 1e6:10.2f} MB  {part.name}{counted}")


@click.command("normalize-projects")
@apply_option
@db_option
@json_option
@pass_host
def normalize_projects(host: Host, apply: bool, db_path: str | None, as_json: bool) -> None:
    """Replace project names that are paths, or git error messages, by proper names.

    Example: codemem db normalize-projects --apply
    """
    with host.store(db_path) as store:
        wrong = _normalize(store, apply=apply)
    if as_json:
        say_json({"applied": apply, "projects": wrong})
        return
    for old, new in wrong.items():
        say(f"{old} -> {new or '(none)'}")
    if not wrong:
        say("every project's name is as it should be")
    elif not apply:
        say("`--apply` does it")


def _normalize(store: Store, *, apply: bool) -> Mapping[str, str | None]:
    """Shorten labels that are paths or git's error text; return old and new ones."""
    now_ms = _now()
    with store.read() as db:
        wrong = moves.path_like(db)

    def change(db: apsw.Connection) -> None:
        with journal.recorded(db, "normalize projects", by="cli", now_ms=now_ms):
            for old, new in wrong.items():
                moves.carry_out(db, Move(old=old, new=new, later=False), now_ms=now_ms)

    if apply and wrong:
        store.write(change)
    return wrong
