"""The terminal: how wide it is, what it can show, and paging."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

import click

from codemem_core.commands.output import plain

_MOST_COLUMNS = 100
"""Text is not set wider than this: longer lines are hard to read."""


def for_a_person() -> bool:
    """Tell whether standard output is a terminal."""
    return sys.stdout.isatty()


def columns() -> int:
    """Return the width of the terminal; 80 when nothing says."""
    return shutil.get_terminal_size((80, 24)).columns


def styled(text: str, *, colour: str | None = None, bold: bool = False, dim: bool = False) -> str:
    """Return text with what a terminal would obey made visible, then coloured."""
    if not (text and (colour or bold or dim)):
        return plain(text)
    return click.style(plain(text), fg=colour, bold=bold or None, dim=dim or None)


def cells(text: str) -> int:
    """Return how many columns a text takes: wide characters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def cut(text: str, width: int) -> str:
    """Return a text in `width` columns, with `…` where something is left out."""
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) >= width:
            break
        kept += character
    return f"{kept.rstrip()}…"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text cut or filled up to `width` columns."""
    text = cut(text, width)
    space = " " * (width - cells(text))
    return space + text if right else text + space


def wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    """Yield the lines of a text, wrapped at blanks to fit the terminal; line breaks stay."""
    width = min(columns(), _MOST_COLUMNS)
    for line in text.splitlines():
        inner = line[: len(line) - len(line.lstrip())]
        hanging = inner + "  " if line.lstrip().startswith(("- ", "* ")) else inner
        yield from textwrap.wrap(
            line,
            width,
            initial_indent=indent,
            subsequent_indent=indent + hanging,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def write(lines: Iterable[str], *, paged: bool = False) -> None:
    """Print styled lines; through the user's pager when they do not fit the screen."""
    if not (paged and for_a_person()):
        for line in lines:
            click.echo(line)
        return
    listed = list(lines)
    if len(listed) < shutil.get_terminal_size((80, 24)).lines:
        click.echo("\n".join(listed))
        return
    # As git does: leave at once if it fits, show colours, keep the text on the screen.
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager("\n".join(listed))
