"""Memories as Markdown: one file that people read and grep."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from codemem_core.records.event import iso_time

# Only the file's own headings are headings: a memory's would hide what comes after it.
_HEADING = re.compile(r"^(#{1,6}\s)", re.MULTILINE)
_KEPT = {"\n", "\t"}


def write(rows: Iterable[Mapping[str, Any]], file: TextIO) -> int:
    """Write memories in the order given, a section each, and return how many.

    Every section's heading has date, kind, title, project and id on one line, for `grep '^## '`.
    """
    file.write("# Memories\n")
    written = 0
    for row in rows:
        file.write(section(row))
        written += 1
    return written


def section(row: Mapping[str, Any]) -> str:
    """Return one memory, by column name as in `store/exports.py`."""
    place = f" ({row['project']})" if row["project"] else ""
    gone = "" if row["active"] else " [forgotten]"
    day = iso_time(row["created_ms"])[:16].replace("T", " ")
    title = " ".join(str(row["title"]).split())
    lines = [f"\n## {day} {row['kind']}: {title}{place} #{row['id']}{gone}\n"]
    lines += [f"*{row['subtitle']}*\n"] if row["subtitle"] else []
    lines.append(row["body"])
    if row["narrative"] and row["narrative"] not in row["body"]:
        lines.append(f"\n{row['narrative']}")
    lines += [f"\n{_list(row['facts'])}"] if row["facts"] else []
    about = {
        "Changed": row["files_modified"],
        "Read": row["files_read"],
        "About": row["concepts"],
    }
    told = [f"{name}: {', '.join(map(str, items))}" for name, items in about.items() if items]
    lines += ["", *told, f"Origin: {row['origin']}" + (", confirmed" if row["confirmed"] else "")]
    heading, *rest = lines
    return _plain(heading + "\n" + _HEADING.sub(r"\\\1", "\n".join(rest))) + "\n"


def _list(items: Iterable[object]) -> str:
    return "\n".join("- " + " ".join(str(item).split()) for item in items)


def _plain(text: str) -> str:
    """Leave out what a terminal would act on."""
    return "".join(c for c in text if c in _KEPT or not unicodedata.category(c).startswith("C"))
