"""Notes that other programs keep as Markdown files, or as lines of text."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import yaml

from codemem_core.capture.delivery import storable
from codemem_core.errors import InputError, NotFound
from codemem_core.records.memory import KINDS, NewMemory
from codemem_core.store.tokenize import tags_of
from codemem_transfer.legacy import rows

MOST_BYTES = 1024 * 1024
"""A larger file is no note."""
_MOST_FILES = 20_000
_TITLE_CHARS = 120
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
BLOCK_BEGINS = "<!-- codemem begins: `codemem distil agents-md` writes these lines -->"
BLOCK_ENDS = "<!-- codemem ends -->"
BLOCK = re.compile(rf"\n?{re.escape(BLOCK_BEGINS)}\n.*?{re.escape(BLOCK_ENDS)}\n?", re.DOTALL)
"""What codemem wrote into a file of the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A note's file."""

    path: str
    text: str
    changed_ms: int
    """Epoch milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a note says."""

    title: str
    body: str
    place: tuple[str, ...]
    """Which program, file and part it is from: the same place and text are the same memory."""
    kind: str = "note"
    facts: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    created_ms: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)


def memory_of(note: Note) -> NewMemory:
    """Return the memory of a note: without secrets, of origin `import`."""
    kind = note.kind.strip().lower()
    told = rows.clean(
        {
            "title": one_line(note.title)[:_TITLE_CHARS],
            "body": note.body.strip(),
            "facts": list(note.facts),
            "metadata": {"source": note.place[0], "place": list(note.place), **note.metadata},
        }
    )
    told["facts"] = tuple(told["facts"])
    known = kind if kind in KINDS else "note"
    identity = "\0".join((*note.place, note.title, note.body))
    return NewMemory(
        key=f"{note.place[0]}:{sha256(identity.encode('utf-8', 'replace')).hexdigest()[:32]}",
        kind=known,
        origin="import",
        concepts=note.concepts,
        tags=tags_of(known, (*note.tags, *note.concepts), ()),
        created_ms=note.created_ms,
        extractor=f"import-{note.place[0]}",
        **told,
    )


def one_line(text: str) -> str:
    """Return text without line breaks and with single spaces."""
    return " ".join(text.split())


def read(path: str) -> File:
    """Read a note's file; links are not followed, nothing is waited for.

    Raises `InputError` for what is no plain text file of at most 1 MiB, `NotFound`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFound(f"no such file: `{path}`") from error
    except OSError as error:
        raise InputError(f"cannot read the file: `{path}`: {error.strerror}") from error
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            raise InputError(f"not a text file of at most 1 MiB: `{path}`")
        data = file.read(MOST_BYTES)
    if b"\0" in data:
        raise InputError(f"not a text file: `{path}`")
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return File(path=path, text=text, changed_ms=int(status.st_mtime * 1000))


def markdown_files(folder: str) -> Iterator[str]:
    """Yield the Markdown files below a folder, sorted; hidden folders and links are left out.

    Raises `NotFound`; `InputError` when there are more than 20,000: that is no folder of notes.
    """
    if not os.path.isdir(folder):
        raise NotFound(f"no such folder: `{folder}`")
    seen = 0
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(root, name)
            if name.endswith(".md") and not os.path.islink(path):
                seen += 1
                if seen > _MOST_FILES:
                    raise InputError(f"more than {_MOST_FILES} notes: `{folder}`")
                yield path


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the YAML fields before a note, their names in lower case, and the note.

    Values are texts and lists, whatever YAML would make of them. What is no YAML mapping is
    skipped: the note counts, not its fields.
    """
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    return _fields(found[1]), text[found.end() :]


def _fields(text: str) -> dict[str, Any]:
    try:
        # An alias repeats what it names: a few lines of them hold more than memory does.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            return {}
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts and lists only
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {str(name).strip().lower(): storable(given) for name, given in value.items()}


def listed(value: object) -> tuple[str, ...]:
    """Return the texts of a front-matter field, which may be one of them or a list."""
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return tuple(part.strip() for part in str(value).split(",") if part.strip()) if value else ()


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield `(heading, body)` of each part of a Markdown text; the part before the first has none.

    Deeper headings name their parents: `Build > Tests`. Headings in code blocks are none.
    """
    above: list[tuple[int, str]] = []
    body: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            body.append(line)
            continue
        yield " > ".join(name for _, name in above), "\n".join(body).strip()
        above = [item for item in above if item[0] < len(heading[1])]
        above.append((len(heading[1]), one_line(heading[2])))
        body = []
    yield " > ".join(name for _, name in above), "\n".join(body).strip()
