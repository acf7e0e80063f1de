"""Notes of basic-memory: Markdown files with observations and relations."""

from __future__ import annotations

import os
import re

from codemem_core.errors import InputError
from codemem_core.records.event import epoch_ms
from codemem_transfer import notes
from codemem_transfer.incoming import Incoming
from codemem_transfer.notes import Note
from codemem_transfer.writes import Session, State

_OBSERVATION = re.compile(r"^[ \t]*-[ \t]+\[([^\]\[()]{1,60})\][ \t]+(.+)$", re.MULTILINE)
_RELATION = re.compile(r"^[ \t]*-[ \t]+([^\[\]\n]{1,80}?)[ \t]+\[\[([^\]\n]+)\]\]", re.MULTILINE)
_TAG = re.compile(r"(?<!\S)#([\w/-]+)")
_BOXES = {" ", "x", "X", "-"}
"""Inside brackets, these are a task's state."""


def fill(incoming: Incoming, folder: str, *, project: str | None) -> None:
    """Take every note below a folder, each as one memory; raises `InputError`, `NotFound`."""
    incoming.replace = True
    folder = os.path.abspath(os.path.expanduser(folder))
    name = project or os.path.basename(folder)
    session = Session(
        key=f"basic-memory|{folder}", stream=None, started_ms=incoming.now_ms, project=name
    )
    incoming.session(folder, session)
    for path in notes.markdown_files(folder):
        try:
            file = notes.read(path)
        except InputError:
            incoming.report.tables["notes"].count("not a text file of at most 1 MiB")
            continue
        note = _note(file, os.path.relpath(path, folder))
        if not note.body.strip():
            incoming.report.tables["notes"].count("empty")
            continue
        new = notes.memory_of(note)
        incoming.memory(folder, new, State(project=name), table="notes")


def _note(file: notes.File, name: str) -> Note:
    fields, text = notes.front_matter(file.text)
    facts = [
        (kind, notes.one_line(said))
        for kind, said in _OBSERVATION.findall(text)
        if kind not in _BOXES
    ]
    relations = [f"{how} {to}" for how, to in _RELATION.findall(text)]
    title = str(fields.get("title") or os.path.splitext(os.path.basename(name))[0])
    return Note(
        title=title,
        body=re.sub(r"\A\s*#[ \t]+" + re.escape(title) + r"[ \t]*\n", "", text),
        place=("basic-memory", str(fields.get("permalink") or name)),
        kind=_kind(str(fields.get("type") or "note")),
        facts=tuple(f"{kind}: {said}" for kind, said in facts),
        concepts=tuple(dict.fromkeys(kind.lower() for kind, _ in facts)),
        tags=(*notes.listed(fields.get("tags")), *dict.fromkeys(_TAG.findall(text))),
        created_ms=_time(fields) or file.changed_ms,
        metadata={"relations": relations, "fields": fields},
    )


def _kind(named: str) -> str:
    return named if named in {"decision", "note"} else "note"


def _time(fields: dict[str, object]) -> int:
    for name in ("created", "created_at", "date", "modified", "updated_at"):
        try:
            return epoch_ms(str(fields[name]))
        except (KeyError, InputError):
            continue
    return 0
