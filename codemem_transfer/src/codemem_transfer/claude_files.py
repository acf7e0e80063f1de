"""What Claude Code itself remembers: `CLAUDE.md` files, rules, and its own notes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import click

from codemem_core.commands.host import Host, pass_host
from codemem_core.errors import InputError, NotFound
from codemem_core.project import place_of
from codemem_transfer import notes
from codemem_transfer.commands.transfer import bring, import_options
from codemem_transfer.incoming import Incoming
from codemem_transfer.notes import Note
from codemem_transfer.writes import Session, State

_IN_PROJECT = ("CLAUDE.md", "CLAUDE.local.md", ".claude/CLAUDE.md", ".claude/rules")
_CWD = re.compile(rb'"cwd":\s*"((?:[^"\\]|\\.)*)"')
_HEAD_BYTES = 256 * 1024
_LABEL = Callable[[str], str | None]


@click.command("import-from-claude-files")
@click.argument("folder", type=click.Path(), required=False)
@import_options
@pass_host
def import_from_claude_files(
    host: Host, folder: str | None, dry_run: bool, db_path: str | None, as_json: bool
) -> None:
    """Import Claude Code's own notes and `CLAUDE.md` files, section by section.

    Reads ~/.claude and FOLDER, which is the current one if none is named. What `CLAUDE.md` includes
    with `@path` is not followed. A part that changed replaces what was imported before.

    Example: codemem import claude-files ~/src/shop --dry-run
    """
    cwd = os.path.abspath(os.path.expanduser(folder or "."))
    if not os.path.isdir(cwd):
        raise NotFound(f"no such folder: `{folder}`")

    def fill(incoming: Incoming) -> None:
        take(incoming, cwd, label=lambda place: host.plugins.project(place, {}))

    label = "import from Claude Code's files"
    bring(host, fill, label, dry_run=dry_run, db_path=db_path, as_json=as_json)


def take(incoming: Incoming, cwd: str, *, label: _LABEL) -> None:
    """Take every memory file of the user, of all projects that have notes, and of `cwd`."""
    incoming.replace = True
    for path, place in found(cwd):
        take_file(incoming, path, label(place) if place else None)


def found(cwd: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield each of those files, and the folder of its project; None for the user's own."""
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude").expanduser()
    for path in files(home, ("CLAUDE.md", "rules")):
        yield path, None
    if cwd:
        for path in files(Path(place_of(cwd, environ={}).root or cwd), _IN_PROJECT):
            yield path, cwd
    for folder in sorted(home.glob("projects/*/memory")):
        place = _worked_in(folder.parent)
        for path in notes.markdown_files(str(folder)):
            yield path, place


def files(root: Path, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of these names below a folder, and the Markdown files in such folders."""
    for name in names:
        path = root / name
        if path.is_dir():
            yield from notes.markdown_files(str(path))
        elif path.is_file():
            yield str(path)


def _worked_in(folder: Path) -> str:
    """Return the project folder behind one of `~/.claude/projects`, whose name is mangled.

    Its transcripts say where they were made; without one, the folder's name must do.
    """
    for transcript in sorted(folder.glob("*.jsonl"), reverse=True):
        with suppress(OSError), transcript.open("rb") as lines:
            found = _CWD.search(lines.read(_HEAD_BYTES))
            if found:
                return found[1].decode("utf-8", "replace").replace("\\\\", "\\")
    return _unmangled(folder.name)


def _unmangled(name: str) -> str:
    """Return the folder that Claude Code calls `-home-ada-my-app`: of those that exist, if any."""
    folder, rest = "/", name.lstrip("-")
    while rest:
        try:
            names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
        except OSError:
            names = []
        mangled = {re.sub(r"[^A-Za-z0-9]", "-", found): found for found in names}
        fits = [short for short in mangled if f"{rest}-".startswith(f"{short}-")]
        if not fits:
            return os.path.join(folder, rest)
        longest = max(fits, key=len)
        folder, rest = os.path.join(folder, mangled[longest]), rest[len(longest) :].lstrip("-")
    return folder


def take_file(
    incoming: Incoming,
    path: str,
    project: str | None,
    is_echo: Callable[[Note], bool] = lambda _: False,
) -> None:
    """Take a file part by part; what codemem itself wrote into it is no news.

    `is_echo` says of a part whether an agent wrote down what codemem had told it.
    """
    try:
        file = notes.read(path)
    except InputError:
        incoming.report.tables["files"].count("not a text file of at most 1 MiB")
        return
    session = Session(
        key=f"claude-files|{path}",
        stream=None,
        started_ms=file.changed_ms,
        project=project,
        cwd=os.path.dirname(path),
    )
    incoming.session(path, session)
    for note in _notes(file):
        if is_echo(note):
            incoming.report.tables["parts"].count("told by codemem")
            continue
        incoming.memory(path, notes.memory_of(note), State(project=project), table="parts")


def _notes(file: notes.File) -> Iterator[Note]:
    fields, text = notes.front_matter(notes.BLOCK.sub("", file.text))
    name = os.path.basename(file.path)
    title = str(fields.get("description") or fields.get("name") or "")
    if title:
        yield _note(file, "", title, text, fields)
        return
    for heading, body in notes.sections(text):
        # A line or two of links to other notes says nothing that those do not say.
        if body and not _is_index(body):
            yield _note(file, heading, f"{name}: {heading or notes.one_line(body)}", body, fields)


def _note(file: notes.File, part: str, title: str, body: str, fields: Mapping[str, object]) -> Note:
    return Note(
        title=title,
        body=body,
        place=("claude-files", file.path, part),
        tags=(str(fields["type"]),) if fields.get("type") else (),
        created_ms=file.changed_ms,
        metadata={"fields": dict(fields)} if fields else {},
    )


def _is_index(body: str) -> bool:
    lines = [line for line in body.splitlines() if line.strip()]
    return all(re.match(r"\s*[-*]\s+\[[^]]*\]\([^)]*\.md\)", line) for line in lines)
