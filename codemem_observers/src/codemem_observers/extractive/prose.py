"""Sentences out of markdown, and sentences for a reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from codemem_observers.extractive.words import VAGUE, says_something

MAX_TITLE = 90
MAX_SENTENCE = 320
# A pasted log can be megabytes; a person or a model says what matters at the start.
MAX_PROSE = 40_000
MAX_LINE = 2000

_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"!?\[([^\]\n]+)\]\([^)\n]+\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)([^\n]+?)\1|(?<![\w*])\*(?=\S)([^*\n]+?)\*(?![\w*])")
_SYMBOLS = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_BULLET = re.compile(r"^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$")
_TABLE_RULE = re.compile(r"^\|?[\s:|-]{3,}$")
_END = re.compile(r"(?<=[.!?])[\"')”]?\s+(?=[\"'(“`\x00]?[A-Z0-9\x00`])")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|approx|cf|resp|incl|no)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or list item, as plain text with its code spans kept."""

    text: str
    lead: str = ""
    """The line or item it stands under, with its colon if it has one."""
    section: str = ""
    """The heading above it."""
    is_item: bool = False
    """It stands in a list."""
    seq: int = -1

    @property
    def full(self) -> str:
        """The text with what it is about in front, when the text alone would not say."""
        topic = _topic(self.lead) or _file_in(self.section)
        topic = topic or _announced(self.lead) or _file_in(self.lead)
        if not topic or topic.strip("`") in self.text:
            return self.text
        if self.text.startswith("`") and not topic.startswith("`"):
            return self.text
        return f"{topic}: {self.text}"


def statements(markdown: str, *, seq: int = -1) -> list[Statement]:
    """Return the sentences and list items of a text, in order, without code blocks."""
    found: list[Statement] = []
    section, leads = "", [(-1, "")]
    for line in _FENCE.sub("\n", markdown[:MAX_PROSE]).splitlines():
        if not line.strip() or _TABLE_RULE.match(line.strip()) or line.strip() == "---":
            continue
        if heading := _HEADING.match(line.strip()):
            section, leads = plain(heading[1]), [(-1, "")]
            continue
        bullet = _BULLET.match(line)
        depth = len(bullet[1].expandtabs(2)) if bullet else -1
        row = line.strip().startswith("|") and line.strip().endswith("|")
        text = plain(bullet[2] if bullet else _row(line))
        while len(leads) > 1 and leads[-1][0] >= depth:
            leads.pop()
        here = Statement("", leads[-1][1] if bullet else "", section, bool(bullet) or row, seq)
        found.extend(replace(here, text=sentence) for sentence in sentences(text))
        if text.endswith(":") or bullet:
            leads.append((depth, text))
        else:
            leads = [(-1, "")]
    return found


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


def clip(text: str, limit: int = MAX_SENTENCE) -> str:
    """Shorten to `limit` characters at a word, with an ellipsis and no open code span."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0] or text[: limit - 1]
    if cut.count("`") % 2 and cut.rfind("`") > limit // 3:
        cut = cut[: cut.rfind("`")]
    return cut.rstrip(" ,;:—\u2013-([") + "…"


def _topic(lead: str) -> str:
    """Return what an introducing line is about: a code span it starts with, or a short label."""
    if match := re.match(r"(?:File:?\s+)?(`[^`\n]+`)", lead, re.IGNORECASE):
        return match[1]
    lead = lead.rstrip(":")
    label = re.split(r"\s[—\u2013-]\s|: ", lead, maxsplit=1)[0]
    short = len(label) <= 60 and len(label.split()) <= 6
    return label if short and not VAGUE.search(label) else ""


def _announced(lead: str) -> str:
    """Return a line that ends with a colon and says what its list holds."""
    last = (sentences(lead) or [""])[-1]
    if not last.endswith(":") or not says_something(last.rstrip(":")):
        return ""
    return "" if len(last.split()) < 4 else clip(last.rstrip(":"), 110)


def _file_in(heading: str) -> str:
    match = re.search(r"`([\w@./-]+\.\w+)`", heading)
    return match[0] if match else ""


def end_sentence(text: str) -> str:
    """Return the text with a full stop, unless it already ends."""
    text = text.strip().rstrip(":")
    return text if not text or text[-1] in ".!?…" else text + "."


def joined(words: list[str], *, limit: int = 6) -> str:
    """Return `a, b and c`, or the first `limit` and how many more there are."""
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _row(line: str) -> str:
    stripped = line.strip()
    if stripped.startswith("|") and stripped.endswith("|"):
        cells = [cell.strip() for cell in stripped.strip("|").split("|")]
        return " — ".join(cell for cell in cells if cell)
    return stripped.removeprefix(">").strip()
