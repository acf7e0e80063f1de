"""Sentences for a reader: joined, ended, counted, never cut in the middle."""

from __future__ import annotations

import re

_CODE_SPAN = re.compile(r"`[^`\n]*`")
_WIDE = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_ENDED = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001 - full width


def end_sentence(text: str) -> str:
    """Return the text with a full stop, unless it already ends."""
    text = text.strip().rstrip(":,;").rstrip()
    if not text or text.endswith(_ENDED):
        return text
    return text + ("。" if _WIDE.match(text[-1]) else ".")


def paragraph(parts: list[str]) -> str:
    """Return sentences as one paragraph, each once."""
    return " ".join(end_sentence(part) for part in dict.fromkeys(parts) if part.strip())


def joined(words: list[str], *, limit: int = 6) -> str:
    """Return `a, b and c`, or the first `limit` and how many more there are."""
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def size(text: str) -> int:
    """Return how many words a text has; two characters count as one where none are spaced."""
    return len(text.split()) + len(_WIDE.findall(text)) // 2


def clip(text: str, limit: int) -> str:
    """Shorten what is quoted (a command, an error) to `limit` characters, with an ellipsis."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(" ", 1)[0] or text[: limit - 1]
    if cut.count("`") % 2 and cut.rfind("`") > limit // 3:
        cut = cut[: cut.rfind("`")]
    return cut.rstrip(" ,;:—\u2013-([") + "…"


def masked(text: str) -> str:
    """Return the text with code spans blanked, as long as before, to look for words outside."""
    return _CODE_SPAN.sub(lambda span: "`" * len(span[0]), text)


def within(parts: list[str], words: int) -> str:
    """Return as many of the sentences, from the first, as have about that many words."""
    kept: list[str] = []
    room = words
    for part in dict.fromkeys(parts):
        room -= size(part)
        if kept and room < 0:
            break
        kept.append(part)
    return paragraph(kept)
