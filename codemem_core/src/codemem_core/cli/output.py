"""What commands print: the one place where text goes to a terminal."""

from __future__ import annotations

import json
import time
import unicodedata

import click

_HARMLESS = {"\n", "\t"}


def say(text: str = "") -> None:
    """Print a line of text; memory text is data, so control characters show as escapes."""
    click.echo(plain(text))


def warn(text: str) -> None:
    """Print a line on standard error."""
    click.echo(plain(text), err=True)


def say_json(value: object) -> None:
    """Print one JSON value on standard output and nothing else, ASCII only, not wrapped."""
    click.echo(json.dumps(value, indent=2, default=str))


def plain(text: str) -> str:
    r"""Return the text with control, bidirectional and invisible characters as `\x1b` escapes.

    A memory may hold what a hostile program printed: escape sequences that move the cursor, fill
    the clipboard or reverse the text.
    """
    return "".join(
        c if c in _HARMLESS or not unicodedata.category(c).startswith("C") else _escape(c)
        for c in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def day(epoch_ms: int) -> str:
    """Return the UTC date and minute of epoch milliseconds."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(epoch_ms / 1000))
