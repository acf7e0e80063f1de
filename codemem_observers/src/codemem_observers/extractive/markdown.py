"""Markdown as statements: sentences and list items with the headings and leads they stand under."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from codemem_observers.extractive.language import language_of
from codemem_observers.extractive.lexicon import Lexicon, lexicon

# A pasted log can be megabytes; a person or a model says what matters at the start.
MAX_PROSE = 40_000
MAX_LINE = 2000

_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"!?\[([^\]\n]+)\]\([^)\n]+\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)([^\n]+?)\1|(?<![\w*])\*(?=\S)([^*\n]+?)\*(?![\w*])")
_SYMBOLS = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\u2b1b-\u2b55\u2580-\u259f]")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_BOLD_HEADING = re.compile(r"^\*\*([^*]{3,90}?):?\*\*:?$")
_BULLET = re.compile(r"^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(\[[ xX]\]\s+)?(.*)$")
_TABLE_RULE = re.compile(r"^\|?[\s:|-]{3,}$")
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"')”]))\s+(?=[\"'(“¿¡\x00]?[^\Wa-zß-öø-ÿа-я]|[\"'(“¿¡`\x00])"
    r"|(?<=[。！？])(?=.)"  # noqa: RUF001 - full width
)
_ENDED = re.compile(r"[.!?]\s")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|cf|resp|incl|no|z\.B|d\.h|bzw|ca|p\.ej|ex)\.$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or list item, as plain text with its code spans kept."""

    text: str
    lead: str = ""
    """The line or item it stands under, with its colon if it has one."""
    section: str = ""
    """The heading above it."""
    is_item: bool = False
    """It stands in a list or a table."""
    seq: int = -1
    block: int = 0
    """Number of the paragraph, or of the list's outermost item, in its text."""
    is_open: bool = False
    """An unticked box stands in front of it."""
    row: int = -1
    """Number of the line, when it is a row of a table."""
    language: str = "en"
    """Of the whole text: one sentence may be too short to tell."""

    @property
    def words(self) -> Lexicon:
        """The lexicon of its language."""
        return lexicon(self.language)


def statements(markdown: str, *, seq: int = -1) -> list[Statement]:
    """Return the sentences and list items of a text, in order, without code blocks."""
    reader = _Reader(seq, language_of(markdown))
    for number, line in enumerate(_FENCE.sub("\n", markdown[:MAX_PROSE]).splitlines()):
        reader.read(number, line)
    return reader.found


class _Reader:
    """Reads a text line by line and knows under which heading and lead it is."""

    def __init__(self, seq: int, language: str) -> None:
        self.found: list[Statement] = []
        self._here = Statement("", seq=seq, language=language)
        self._leads: list[tuple[int, str]] = []
        """Depth and text of the list items that the next one may stand under."""
        self._announced = ""
        """The paragraph before, when it ended with a colon."""

    def read(self, number: int, line: str) -> None:
        """Take one line."""
        stripped = line.strip()
        if not stripped:
            self._here = replace(self._here, block=self._here.block + 1)
        elif _TABLE_RULE.match(stripped):  # the row above it is the table's header
            self.found = [s for s in self.found if s.row != number - 1]
        elif heading := _HEADING.match(stripped) or _BOLD_HEADING.match(stripped):
            block = self._here.block + 1
            self._here = replace(self._here, section=plain(heading[1]), block=block)
            self._leads, self._announced = [], ""
        elif bullet := _BULLET.match(line):
            self._item(bullet)
        else:
            self._paragraph(stripped, number if _is_row(stripped) else -1)

    def _item(self, bullet: re.Match[str]) -> None:
        depth, text = len(bullet[1].expandtabs(2)), plain(bullet[3])
        while self._leads and self._leads[-1][0] >= depth:
            self._leads.pop()
        self._here = replace(self._here, block=self._here.block + (depth == 0))
        lead = self._leads[-1][1] if self._leads else self._announced
        is_open = (bullet[2] or "").startswith("[ ]")
        self._add(text, lead=lead, is_item=True, is_open=is_open)
        self._leads.append((depth, text))

    def _paragraph(self, line: str, row: int) -> None:
        text = plain(_row(line))
        lead = "" if self._leads else self._announced
        self._add(text, lead=lead, is_item=row >= 0, row=row)
        self._leads = []
        self._announced = text if text.endswith((":", "：")) else ""  # noqa: RUF001 - full width

    def _add(self, text: str, **where: Any) -> None:  # noqa: ANN401 - fields of a statement
        self.found += [replace(self._here, text=one, **where) for one in sentences(text)]


def plain(text: str) -> str:
    """Return one line of markdown without emphasis, links and pictographs."""
    text = _LINK.sub(r"\1", text[:MAX_LINE])
    text = _EMPHASIS.sub(lambda m: m[2] or m[3], text)
    return " ".join(_SYMBOLS.sub("", text).replace("\u2019", "'").split())


def sentences(text: str) -> list[str]:
    """Split plain text at sentence ends, never inside a code span or after an abbreviation."""
    spans = _CODE_SPAN.findall(text)
    masked = _CODE_SPAN.sub("\x00", text.replace("\x00", ""))
    parts: list[str] = []
    for part in _END.split(masked):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] += " " + part
        else:
            parts.append(part)
    restored = iter(spans)
    whole = (re.sub("\x00", lambda _: next(restored), part).strip() for part in parts)
    return [sentence for sentence in whole if len(sentence) > 2]


def topic_of(statement: Statement) -> str:
    """Return what a statement is about, when its lead or heading says so in a few words."""
    for label in (statement.lead, statement.section):
        if topic := _topic(label, statement.words):
            return topic
    return ""


def _topic(label: str, words: Lexicon) -> str:
    """Return the code span a label starts with, or the label itself when it is short."""
    if match := re.match(r"(?:File:?\s+)?(`[^`\n]+`)", label, re.IGNORECASE):
        return match[1]
    label = re.sub(r"^(?:\d+[.)]\s*|(?:Step|Part|Phase)\s+\d+\W+)", "", label.rstrip(":：. "))  # noqa: RUF001
    short = re.split(r"\s[—\u2013]\s|: ", label, maxsplit=1)[0]
    fits = not _ENDED.search(label) and 3 <= len(short) <= 60 and len(short.split()) <= 8
    unfit = any(p.match(short) for p in (words.vague, words.dependent, words.joining))
    unfit = unfit or bool(words.offer.search(label))
    return short if fits and not unfit else ""


def _row(line: str) -> str:
    stripped = line.strip()
    if _is_row(stripped):
        cells = [cell.strip() for cell in stripped.strip("|").split("|")]
        return " — ".join(cell for cell in cells if cell)
    return stripped.removeprefix(">").strip()


def _is_row(line: str) -> bool:
    return len(line) > 1 and line.startswith("|") and line.endswith("|")
