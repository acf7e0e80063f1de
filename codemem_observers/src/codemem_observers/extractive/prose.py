"""Sentences out of markdown, and what a sentence is good for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MAX_TITLE = 90
MAX_SENTENCE = 320
# A pasted log can be megabytes; a person or a model says what matters at the start.
MAX_PROSE = 40_000

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

CAUSE = re.compile(
    r"\b(because|caused? by|root cause|due to|turns? out|the (?:real |actual |underlying )?"
    r"(?:issue|problem|bug|reason|culprit|cause) (?:is|was)|since (?:the|it|we)|as a result|"
    r"which (?:meant|means|caused|made|broke)|that'?s why|was (?:missing|never|not|hard-?coded)|"
    r"(?:fails?|failed|breaks?|broke) (?:when|because|if|with|as)|so that)\b",
    re.IGNORECASE,
)
DECISION = re.compile(
    r"\b(instead of|rather than|decided|decision|chose|chosen|opted|preferred?|deliberately|intentionally|"
    r"by design|trade-?offs?|on purpose|out of scope|deferred|keep(?:s|ing)? .{3,60} (?:as is|unchanged)|"
    r"remains? unchanged|no longer|reuses?|in favou?r of)\b",
    re.IGNORECASE,
)
RULE = re.compile(
    r"\b(must|needs? to|requires?|required|only (?:when|if|for|after|once|on)|never|always|cannot|can'?t|won'?t|"
    r"does(?:n'?t| not)|already|by default|careful|beware|note that|important|expects?|depends? on|"
    r"mirrors?|in sync|hard-?coded|lives? in|not supported|incompatible)\b",
    re.IGNORECASE,
)
VERIFIED = re.compile(
    r"\b(tests? (?:now )?pass|passing|all pass|verified|confirmed|lint(?:ing)? (?:is )?(?:clean|pass)|"
    r"typecheck|type[- ]check|no (?:lint )?(?:errors|issues|regressions)|green|checks pass)",
    re.IGNORECASE,
)
NEXT = re.compile(
    r"\b(next steps?|remaining (?:work|items?|tasks?|steps?)|still (?:needs?|missing|to do|open|fails?)|todo|"
    r"follow[- ]?ups?|not (?:yet|been) \w+ed|unresolved|(?:should|needs?) to be done|left (?:as is|unstaged|open)|"
    r"remains? (?:unstaged|open|uncommitted|to be)|not (?:committed|pushed|included|addressed))\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\b(let me know|would you like|do you want|want me to|shall I|should I|feel free|happy to|ready (?:to|for)|"
    r"if you(?:'d| would) like|I can also)\b",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"^(?:(?:perfect|great|done|excellent|good|ok(?:ay)?|understood|sure|got it|all done|all set|you'?re right|absolutely)"
    r"\W*$|(?:here'?s|here is|here are|below is)\b|summary\W*$|i'?ll\b|i will\b|i'?m going to\b|let me\b|let'?s\b|i'?m (?:now |also |just )*\w+ing\b|"
    r"i(?:'?m| am) about to\b|i (?:still |also |just )?(?:need|want|have) to\b|i (?:also )?see\b|next,? i\b|"
    r"now (?:let|i'?ll|i will|i need)|all (?:the |of the )?(?:changes|tasks|edits|steps|checks|files)\b.{0,40}$|"
    r"(?:everything|it all) (?:passes|works|is)\b.{0,30}$|both are\b|i found\b.{0,30}$|the (?:changes|following)\b.{0,30}:$)",
    re.IGNORECASE,
)
_PLEASED = re.compile(
    r"^(?:(?:perfect|great|done|excellent|good|ok(?:ay)?|all done|all set|understood|sure)[.!,:]*\s+(?:-|—|–)?\s*)+",
    re.IGNORECASE,
)

_I_HAVE = re.compile(
    r"^(?:i(?:'ve| have)|we(?:'ve| have)) (?:now |also |successfully )*(?=[a-z]+(?:ed|t|n|de)\b)",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:changes?|files?|tasks?|steps?|key|following|summary|part \d|what|notes?|details?|here|overview|implementation|results?|"
    r"updates?|fix(?:es)?|actions?|modified|new|added|done)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or list item, as plain text with its code spans kept."""

    text: str
    lead: str = ""
    """The line that introduced the list it stands in, without the colon."""
    section: str = ""
    """The heading above it."""
    is_item: bool = False
    """It stands in a list."""
    seq: int = -1

    @property
    def full(self) -> str:
        """The text with what it is about in front, when the text alone would not say."""
        topic = _topic(self.lead) or _file_in(self.section)
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
            leads.append((depth, text.rstrip(":")))
        else:
            leads = [(-1, "")]
    return found


def plain(text: str) -> str:
    """Return one line of markdown without emphasis, links and pictographs."""
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub(lambda m: m[2] or m[3], text)
    return " ".join(_SYMBOLS.sub("", text).replace("’", "'").split())


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


def says_something(text: str) -> bool:
    """Say whether a sentence carries content: no greeting, no announcement, no offer."""
    if len(text) < 12 or text.endswith((":", "?")):
        return False
    return not _NOISE.match(text) and not _OFFER.search(text)


def without_pleasantry(text: str) -> str:
    """Return the sentence without `Done!` and the like in front."""
    rest = _I_HAVE.sub("", _PLEASED.sub("", text))
    return rest[:1].upper() + rest[1:] if rest and rest != text else text


def clip(text: str, limit: int = MAX_SENTENCE) -> str:
    """Shorten to `limit` characters at a word, with an ellipsis and no open code span."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0] or text[: limit - 1]
    if cut.count("`") % 2 and cut.rfind("`") > limit // 3:
        cut = cut[: cut.rfind("`")]
    return cut.rstrip(" ,;:—–-([") + "…"


def _topic(lead: str) -> str:
    """Return what an introducing line is about: a code span it starts with, or a short label."""
    if match := re.match(r"(?:File:?\s+)?(`[^`\n]+`)", lead, re.IGNORECASE):
        return match[1]
    label = re.split(r"\s[—–-]\s|: ", lead, maxsplit=1)[0]
    short = len(label) <= 60 and len(label.split()) <= 6
    return label if short and not _VAGUE.search(label) else ""


def _file_in(section: str) -> str:
    match = re.search(r"`([\w@./-]+\.\w+)`", section)
    return match[0] if match else ""


def end_sentence(text: str) -> str:
    """Return the text with a full stop, unless it already ends."""
    text = text.strip()
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
