"""`codemem distil agents-md`: the user's rules and the project card, as a block of AGENTS.md."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw
import click

from codemem_core import paths
from codemem_core.commands.host import Host, apply_option, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.commands.user_files import keep_copy, replace_file
from codemem_core.distil.project_card import card_of
from codemem_core.errors import InputError
from codemem_core.project import place_of
from codemem_core.retrieval.pack.render import harmless
from codemem_core.store.user_rules import rules_for
from codemem_transfer.notes import BLOCK, BLOCK_BEGINS, BLOCK_ENDS

_OF_OTHERS = frozenset({"import", "external", "teammate", "agent"})


@click.command("agents-md")
@click.option("--file", "name", default="AGENTS.md", show_default=True, help="Which file.")
@click.option("--project", help="Whose rules and card. [default: this folder's]")
@click.option("--remove", is_flag=True, help="Take the block out.")
@apply_option
@db_option
@json_option
@pass_host
def agents_md(
    host: Host,
    name: str,
    *,
    project: str | None,
    remove: bool,
    apply: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Propose your rules and the project card as a block of AGENTS.md.

    Prints a patch of the file at the root of the project; `--apply` makes the change and keeps a
    copy of the file. The block has marks of its own: written again it is replaced, and what else
    the file says stays as it is.

    Example: codemem distil agents-md --apply
    """
    cwd = paths.working_folder() or "."
    path = Path(place_of(cwd, environ={}).root or cwd) / name
    before = _read(path)
    lines: list[str] = []
    if not remove:
        wanted = host.project(project, everywhere=False)
        with host.store(db_path) as store, store.read() as db:
            lines = list(_block(db, wanted))
    after = _with_block(before, lines)
    patch = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm=""
    )
    if apply and after != before:
        host.refuse_agents(f"change {name}")
        _write(path, after)
    if as_json:
        say_json({"file": str(path), "patch": "\n".join(patch), "applied": apply})
    else:
        say("\n".join(patch) or "nothing to change")


def _block(db: apsw.Connection, project: str | None) -> Iterator[str]:
    """Yield the lines between the marks: what the user said, and how to work on the project."""
    rules = [_line(rule.text) for rule in rules_for(db, project)]
    card = card_of(db, project)
    steps: list[str] = []
    if card and (card.confirmed or (card.origin not in _OF_OTHERS and not card.held)):
        steps = [_line(line) for line in card.body.splitlines() if line.strip()]
    for heading, items in (("## Rules", rules), ("## Build, test and run", steps)):
        if items:
            yield from (heading, "", *(f"- {item}" for item in items), "")


def _line(text: str) -> str:
    # A comment's marks could close the block, or hide what follows.
    return harmless(" ".join(text.split())).replace("<!--", "<! --").replace("-->", "-- >")


def _with_block(text: str, lines: list[str]) -> str:
    """Return a file's text with the block: where it was, else at the end."""
    if not lines:
        return BLOCK.sub("", text)
    block = "\n".join([BLOCK_BEGINS, *lines[:-1], BLOCK_ENDS]) + "\n"
    there = BLOCK.search(text)
    if there is None:
        return f"{text}\n{block}" if text else block
    gap = "\n" if there[0].startswith("\n") else ""
    return text[: there.start()] + gap + block + text[there.end() :]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read `{path}`: {error}") from error


def _write(path: Path, text: str) -> None:
    if path.exists():
        keep_copy(path)
    if text:
        replace_file(path, text)
        return
    os.unlink(path)
