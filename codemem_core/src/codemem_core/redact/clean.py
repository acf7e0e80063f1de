"""Make a value small, public and free of secrets, in this order, and clip it only then.

Redaction needs to see a secret whole. So what is cut off beforehand leaves a margin behind, which
is looked at and dropped.
"""

from __future__ import annotations

import re
from collections import deque
from hashlib import blake2b

from codemem_core.redact.masks import redact
from codemem_core.redact.private import strip_private
from codemem_core.redact.walk import map_leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Json: TypeAlias = Any

MOST_CHARS = 600_000
"""Of all texts of an event; what lies beyond is dropped and marked."""
MOST_NODES = 10_000
"""Values in an event."""
MOST_HITS = 20_000
"""How often something in an event may look like a secret: ten times what code and prose have."""
MARGIN_CHARS = 4_096
_SHORT_CHARS = 256
_LEFT_OUT = "codemem_left_out"
# Stands, in this module alone, at the end of a text that was cut.
_CUT = re.compile("\ue000([0-9]+)\ue000\\Z")


def cleaned(value: Json, *, text_chars: int) -> Json:
    """Return a JSON value as it may be kept, no text of it longer than `text_chars`."""
    small = bounded(value, text_chars=text_chars)
    clean, _ = redact(strip_private(small), most=MOST_HITS)
    return map_leaves(clean, lambda _name, item: _closed(item) if type(item) is str else item)


def clean_text(text: str, *, most: int) -> str:
    """Return the beginning of a text without its secrets: at most `most` characters of it."""
    return str(cleaned(text, text_chars=most))


def clean_id(text: str) -> str:
    """Return an id, unless it is a secret: then what is the same for the same secret."""
    if redact(text)[1] == 0:
        return text
    return "redacted-" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def bounded(value: Json, *, text_chars: int) -> Json:
    """Return a copy of a JSON value with no more of it than will be looked at.

    What lies near the top, and short, comes first: an event's time and type are never left out.
    """
    left = _Left(text_chars)
    root = [value]
    queue: deque[tuple[Json, Json]] = deque([(root, 0)])
    while queue:
        holder, at = queue.popleft()
        item = holder[at]
        if isinstance(item, str):
            holder[at] = left.text(item)
        elif isinstance(item, dict):
            holder[at] = copy = left.entries(item)
            queue += [(copy, key) for key, child in copy.items() if _is_large(child)]
        elif isinstance(item, list):
            holder[at] = items = left.items(item)
            queue += [(items, index) for index, child in enumerate(items) if _is_large(child)]
    return root[0]


class _Left:
    """What may still be taken of a value."""

    def __init__(self, text_chars: int) -> None:
        self._text_chars = text_chars
        self._chars = MOST_CHARS
        self._nodes = MOST_NODES

    def text(self, text: str) -> str:
        most = min(self._text_chars + MARGIN_CHARS, self._chars)
        self._chars = max(0, self._chars - len(text))
        return text if len(text) <= most else f"{text[:most]}\ue000{len(text) - most}\ue000"

    def entries(self, item: dict[Json, Json]) -> dict[str, Json]:
        copy: dict[str, Json] = {}
        for key, child in item.items():
            if self._nodes <= 0:
                copy[_LEFT_OUT] = len(item) - len(copy)
                break
            self._nodes -= 1
            copy[str(key)[:MARGIN_CHARS]] = child
        return copy

    def items(self, item: list[Json]) -> list[Json]:
        kept = item[: self._nodes]
        self._nodes -= len(kept)
        return kept if len(kept) == len(item) else [*kept, f"[{len(item) - len(kept)} more items]"]


def _is_large(child: Json) -> bool:
    if isinstance(child, str):
        return len(child) > _SHORT_CHARS
    return isinstance(child, dict | list)


def _closed(text: str) -> str:
    """Drop the margin of a text that was cut."""
    cut = _CUT.search(text)
    if cut is None:
        return text
    body = text[: cut.start()]
    kept = body[: max(0, len(body) - MARGIN_CHARS)]
    return f"{kept}\n[… {len(body) - len(kept) + int(cut[1])} characters left out …]"
