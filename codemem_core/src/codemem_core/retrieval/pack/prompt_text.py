"""Tell what a person typed in a prompt from what they pasted into it.

On the hook path: `re` only. Lines are judged by their shape, not by their language: a log, a
traceback, JSON, a table or a mail header has more marks and digits than words, or repeats itself.
"""

from __future__ import annotations

import re
from collections import Counter

_SHORT = 240
"""A prompt of one line and at most so many characters is typed."""
_LONG_PROSE = 1_500
"""Typed prose beyond this is most likely a pasted mail or document."""
_EDGE = 400
"""Characters at either end of long prose that are taken for the person's own."""
_ASKS = ("?", "？", "؟")  # noqa: RUF001
_FRAMES = (
    'File "',
    "at ",
    "Traceback ",
    "Caused by",
    "> ",
    "+++ ",
    "--- ",
    "@@ ",
    "$ ",
    "# pasted",
)
_HEADERS = ("from:", "to:", "cc:", "date:", "sent:", "subject:", "von:", "an:", "betreff:", "de:")
_FAILS = re.compile(r"(?i)error|exception|failed|failure|fatal|panic|cannot|denied|refused")
_MAX_CHARS = 200_000


def split(text: str) -> tuple[str, str]:
    """Return what the person typed, and the rest; line breaks stay in both."""
    text = text[:_MAX_CHARS].strip()
    if len(text) <= _SHORT and "\n" not in text:
        return text, ""
    own: list[str] = []
    pasted: list[str] = []
    for block in _blocks(text):
        (pasted if _is_dump(block) else own).append("\n".join(block))
    typed = "\n\n".join(own)
    if len(typed) > _LONG_PROSE:
        typed, rest = _without_middle(typed)
        pasted.append(rest)
    return typed, "\n\n".join(pasted)


def telling_lines(pasted: str) -> str:
    """Return the lines of a dump that say what went wrong; without any, its last line."""
    lines = [line.strip() for line in pasted.splitlines() if line.strip()]
    failing = [line for line in lines if _FAILS.search(line)]
    return "\n".join(dict.fromkeys((failing or lines)[-3:]))


def _blocks(text: str) -> list[list[str]]:
    """Return paragraphs as lists of lines; a fenced block is one, and text beside it another."""
    blocks: list[list[str]] = [[]]
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            if not fenced:
                blocks.append([])
            blocks[-1].append(line)
            if fenced:
                blocks.append([])
            fenced = not fenced
        elif fenced or line.strip():
            blocks[-1].append(line)
        else:
            blocks.append([])
    return [block for each in blocks if each for block in _by_shape(each)]


def _by_shape(block: list[str]) -> list[list[str]]:
    """Part a paragraph where typed lines meet pasted ones without an empty line between."""
    if block[0].lstrip().startswith(("```", "~~~")):
        return [block]
    shapes = Counter(map(_shape, block))
    parts: list[list[str]] = []
    before = None
    for line in block:
        dumped = _is_dump_line(line) or (len(line) > 12 and shapes[_shape(line)] > 2)
        if dumped != before:
            parts.append([])
        parts[-1].append(line)
        before = dumped
    return parts


def _is_dump(block: list[str]) -> bool:
    if block[0].lstrip().startswith(("```", "~~~")):
        return True
    shapes = Counter(map(_shape, block))
    odd = sum(
        _is_dump_line(line) or (len(line) > 12 and shapes[_shape(line)] > 2) for line in block
    )
    return 2 * odd > len(block)


def _is_dump_line(line: str) -> bool:
    bare = line.strip()
    if not bare or bare.startswith(_FRAMES) or bare.lower().startswith(_HEADERS):
        return True
    if bare.endswith(_ASKS):
        return False
    letters = sum(map(str.isalpha, bare))
    return letters < 0.62 * len(bare.replace(" ", "")) or _is_code(line, bare)


def _is_code(line: str, bare: str) -> bool:
    """Say whether a line ends or begins as code does, or is one long word."""
    return (
        bare.endswith(("{", "}", ";", "(", ",", "[", "]", "),", "=>", "\\"))
        and (line[:1] in " \t{}[]" or bare.endswith((";", "{", "}")))
    ) or (" " not in bare and len(bare) > 40 and bare.isascii())


def _shape(line: str) -> str:
    """Return the marks and digits of a line: lines of one log differ in their words only."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", line.strip()))[:60]


def _without_middle(text: str) -> tuple[str, str]:
    """Return the beginning, the end and the questions of long prose, and what lies between."""
    start = _cut(text, _EDGE)
    end = len(text) - _EDGE
    middle = text[start:end]
    asked = [part.strip() for part in re.split(r"(?<=[.!?？])\s+|\n+", middle)]  # noqa: RUF001
    questions = [part for part in asked if part.endswith(_ASKS)]
    return "\n".join([text[:start], *questions, text[end:]]), middle


def _cut(text: str, limit: int) -> int:
    """Return where a paragraph or sentence ends near `limit`."""
    found = max(text.rfind(mark, 0, limit) for mark in ("\n", ". ", "? ", "。"))
    return found + 1 if found > limit // 2 else limit
