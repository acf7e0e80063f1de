"""How values read on a page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime

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


_LIST_MARK = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+")
_CODE = re.compile(r"`([^`\n]+)`")
_STRONG = re.compile(r"\*\*([^*\n]+)\*\*")


def markdown(source: str) -> Markup:
    """Return text with the marks that observers write: headings, lists, code, strong.

    Everything is escaped first and only these tags are added, so no text becomes markup.
    """
    return Markup("").join(_blocks(source))


def _blocks(source: str) -> Iterator[Markup]:
    lines: list[str] = []
    for line in [*source.strip().splitlines(), ""]:
        kind = _kind(line)
        if lines and (kind != _kind(lines[0]) or kind == "heading"):
            yield _block(lines)
            lines = []
        if kind:
            lines.append(line)


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    if line.startswith("#"):
        return "heading"
    return "item" if _LIST_MARK.match(line) else "text"


def _block(lines: list[str]) -> Markup:
    kind = _kind(lines[0])
    if kind == "heading":
        # h3 is the memory's own title
        return Markup("<h4>{}</h4>").format(_inline(lines[0].lstrip("# ")))
    if kind == "item":
        texts = (_inline(_LIST_MARK.sub("", line, count=1)) for line in lines)
        items = map(Markup("<li>{}</li>").format, texts)
        return Markup("<ul>{}</ul>").format(Markup("").join(items))
    return Markup("<p>{}</p>").format(Markup("<br>").join(map(_inline, lines)))


def _inline(line: str) -> Markup:
    marked = _CODE.sub(r"<code>\1</code>", str(escape(line)))
    return Markup(_STRONG.sub(r"<strong>\1</strong>", marked))  # noqa: S704 - escaped above
