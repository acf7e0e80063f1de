"""Where in a list a page begins: time and id of the last item of the page before."""

from __future__ import annotations

from codemem_core.errors import InputError

_LARGEST = (1 << 63) - 1


def mark(ms: int, item_id: int) -> str:
    """Return the place after an item, for the address of the next page."""
    return f"{ms}-{item_id}"


def place(marked: str) -> tuple[int, int] | None:
    """Return time and id of a mark, None of an empty one; raises `InputError`."""
    if not marked:
        return None
    ms, _, item_id = marked.rpartition("-")
    # `int` would take an age for a million digits.
    if len(marked) <= 40 and ms.removeprefix("-").isdecimal() and item_id.isdecimal():
        found = int(ms), int(item_id)
        if all(abs(number) <= _LARGEST for number in found):
            return found
    raise InputError("after must be `next` of the page before")
