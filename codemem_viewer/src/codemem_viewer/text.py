"""How values read on a page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_STEPS = ((60, "s"), (60, "min"), (24, "h"), (30, "d"), (12, "mo"))


def ago(epoch_ms: int) -> str:
    """Return how long ago something was: `now`, `5 min`, `3 h`, `12 d`."""
    number, unit = max(0, int(time.time() - epoch_ms / 1000)), "s"
    for size, name in _STEPS:
        unit = name
        if number < size:
            break
        number //= size
    else:
        unit = "y"
    return "now" if unit == "s" else f"{number} {unit}"


def iso(epoch_ms: int) -> str:
    """Return a moment for a `datetime` attribute, in this machine's time zone."""
    return _local(epoch_ms).isoformat(timespec="seconds")


def moment(epoch_ms: int) -> str:
    """Return a moment to the minute."""
    return _local(epoch_ms).strftime("%Y-%m-%d %H:%M")


def day(epoch_ms: int) -> str:
    """Return a day as a heading names it: `Sunday, 22 November 2026`."""
    return f"{_local(epoch_ms):%A, {_local(epoch_ms).day} %B %Y}"


def _local(epoch_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_ms / 1000).astimezone()
    except (OverflowError, OSError, ValueError):  # a host's clock may say anything
        return datetime.fromtimestamp(0).astimezone()


def clock(epoch_ms: int) -> str:
    """Return a time of day: `14:05`."""
    return _local(epoch_ms).strftime("%H:%M")


def span(ms: float) -> str:
    """Return how long something took: `8 s`, `12 min`, `2 h 05 min`, `3 d`."""
    seconds = max(0, int(ms / 1000))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


_CODE = re.compile(r"`([^`\n]+)`")
_MARKS = re.compile(r"[*`]|^#+ .*$|^\s*[-*•] +", re.MULTILINE)


def line(source: str, chars: int = 160) -> str:
    """Return the beginning of a text on one line, without headings and marks of Markdown."""
    plain = " ".join(_MARKS.sub("", source[: 4 * chars]).split())
    return plain if len(plain) <= chars else plain[:chars].rsplit(" ", 1)[0] + "…"


def request(source: str | None) -> str:
    """Return the first sentence or line of a request, to be a title; empty without one."""
    first = next((each.strip() for each in (source or "").splitlines() if each.strip()), "")
    return line(first, 120)


_KINDS = {"session_summary": "summary", "preference": "rule", "bugfix": "fix"}


def kind(name: str) -> str:
    """Return what a kind of memory is called on a page."""
    return _KINDS.get(name, name.replace("_", " "))


def bytes_(number: int) -> str:
    """Return a size: `812 B`, `4.2 MB`."""
    size = float(number)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def count(number: float) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def amount(number: float) -> str:
    """Return a number in about three figures: `0.07`, `812`, `42.0 k`, `1.3 M`."""
    if number < 10 and number != int(number):
        return f"{number:.2g}"
    if number < 10_000:
        return count(round(number))
    scaled, unit = (number / 1e6, "M") if number >= 1e6 else (number / 1e3, "k")
    return f"{scaled:.0f} {unit}" if scaled >= 100 else f"{scaled:.1f} {unit}"


def dollars(number: float) -> str:
    """Return a price: `$0`, `$0.004`, `$12.30`."""
    if not number:
        return "$0"
    return f"${number:.2f}" if number >= 0.1 else f"${number:.2g}"


def numbers(value: object) -> list[int]:
    """Return the whole numbers of a list; of anything else, as an import may bring it, nothing."""
    return [each for each in value if type(each) is int] if isinstance(value, list) else []


# Text of memories is never markup: no HTML, no images, and links of http, https and mailto only.
_markdown = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
)


def _shift_heading(tokens: Iterable[Any]) -> None:
    """Make every heading an `h4`: the page and the memory have those above."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h4"


def markdown(source: str) -> Markup:
    """Return text rendered as Markdown."""
    tokens = _markdown.parse(source.strip())
    _shift_heading(tokens)
    return Markup(_markdown.renderer.render(tokens, _markdown.options, {}))  # noqa: S704 - html off


def mark(source: str, words: Iterable[str]) -> Markup:
    """Return text, escaped, with the words that a search looked for marked."""
    found = _matching(words)
    if found is None:
        return escape(source)
    parts = found.split(source)  # every second one matched
    marked = (Markup("<mark>{}</mark>").format(p) if at % 2 else p for at, p in enumerate(parts))
    return Markup("").join(marked)


def headline(source: str, words: Iterable[str] = ()) -> Markup:
    """Return a title: code between backticks as code, the words that were looked for marked."""
    words = tuple(words)
    parts = _CODE.split(source)  # every second one is code
    marked = (Markup("<code>{}</code>") if at % 2 else Markup("{}") for at in range(len(parts)))
    return Markup("").join(m.format(mark(p, words)) for m, p in zip(marked, parts, strict=True))


def around(source: str, words: Iterable[str], chars: int = 200) -> Markup:
    """Return one line of a text, from a little before the first word that was looked for."""
    words = tuple(words)
    plain = line(source, 4_000)
    found = _matching(words)
    hit = found.search(plain) if found else None
    begins = max(0, hit.start() - chars // 3) if hit else 0
    cut = plain.find(" ", begins) + 1 if begins else 0
    return mark(("…" if cut else "") + line(plain[cut:], chars), words)


def _matching(words: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for words that begin alike: `round` for `rounding`, `rounded`."""
    stems = {word[: max(4, len(word) - 3)] for word in words if len(word) > 1}
    if not stems:
        return None
    by_length = sorted(map(re.escape, stems), key=len, reverse=True)
    return re.compile(rf"(?i)(?<!\w)((?:{'|'.join(by_length)})\w*)")
