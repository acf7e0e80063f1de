"""What commands print: the one place where text goes to a terminal."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

_HARMLESS = {"\n", "\t"}
# Control, format, surrogate, private and unassigned characters; line and paragraph separators.
_HOSTILE = ("C", "Zl", "Zp")
_TELL_S = 1.0


def say(text: str = "", *, bold: bool = False, colour: str | None = None) -> None:
    """Print text; what a terminal would obey shows as escapes.

    `bold` and `colour` (a name click knows) hold for the whole of it, on a terminal only.
    """
    click.secho(plain(text), bold=bold or None, fg=colour)


def say_line(text: str, *, bold: bool = False, colour: str | None = None) -> None:
    """Print one line; on a terminal it is cut to the width of it, elsewhere it is whole."""
    line = " ".join(text.splitlines())
    if sys.stdout.isatty():
        width = os.get_terminal_size(sys.stdout.fileno()).columns or 80
        line = line if len(line) <= width else f"{line[: width - 1]}…"
    say(line, bold=bold, colour=colour)


def warn(text: str) -> None:
    """Print a line on standard error."""
    click.echo(plain(text), err=True)


def say_json(value: object) -> None:
    """Print one JSON value on standard output and nothing else, ASCII only, not wrapped."""
    # JSON escapes all control characters but this one.
    click.echo(json.dumps(value, indent=2, default=str).replace("\x7f", "\\u007f"))


def plain(text: str) -> str:
    r"""Return the text with control, bidirectional and invisible characters as `\x1b` escapes.

    A memory may hold what a hostile program printed: escape sequences that move the cursor, fill
    the clipboard or reverse the text.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in _HARMLESS or not unicodedata.category(c).startswith(_HOSTILE) else _escape(c)
        for c in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def day(epoch_ms: int) -> str:
    """Return the UTC date and minute of epoch milliseconds."""
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(epoch_ms / 1000))


def ago(epoch_ms: int | None, *, now_ms: int) -> str:
    """Return how long ago it was, in the largest unit that fits: `5 min ago`, or `never`."""
    if epoch_ms is None:
        return "never"
    seconds = max(now_ms - epoch_ms, 0) // 1000
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return "just now"


class Progress:
    """A counter on standard error while a long command works; silent without a terminal."""

    def __init__(self, what: str, *, total: int | None = None) -> None:
        self._what = what
        self._of = f" of {total:,}" if total else ""
        self._shown = sys.stderr.isatty()
        self._next_s = 0.0

    def at(self, count: int) -> None:
        """Say that `count` are done; shown five times a second at most."""
        if self._shown and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + 0.2
            click.echo(f"\r{self._what}: {count:,}{self._of}", err=True, nl=False)

    def __enter__(self) -> Progress:
        """Return the counter."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the line: what was done is said on standard output."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on standard error how long the block has been at it, each second; only on a terminal.

    For what SQLite does in one go, and nobody can count.
    """
    if not sys.stderr.isatty():
        yield
        return
    import threading  # noqa: PLC0415 - most commands are done in no time

    done, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(_TELL_S):
            click.echo(f"\r{what}: {time.monotonic() - began:.0f} s", err=True, nl=False)

    telling = threading.Thread(target=tell, name="codemem-working", daemon=True)
    telling.start()
    try:
        yield
    finally:
        done.set()
        telling.join()
        click.echo("\r\x1b[K", err=True, nl=False)


@contextmanager
def counted() -> Iterator[Callable[[str, int, int], None]]:
    """Lend what says how far it is with memories: a counter for each thing done to them.

    Called with what is done (`read`), how many are, and of how many (0: unknown).
    """
    with ExitStack() as counters:
        shown: dict[str, Progress] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = counters.enter_context(Progress(f"Memories {what}", total=total))
            shown[what].at(done)

        yield show
