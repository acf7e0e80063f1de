"""Find a table's rows without its upper pages, and give them a new root.

When a page that only points to other pages is gone, the rows below it are whole but cannot be
reached. Their pages say by themselves what table they are of: by the types of their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

Kinds = tuple[type | tuple[type, ...], ...]

_LEAF, _INTERIOR = 0x0D, 0x05
_CHILDREN = 200
"""Leaves one root page points to; 13 bytes each at most, and a page has 4,096."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of rows."""

    page: int
    first: int
    last: int
    """The first and the last row id on it."""


def leaves_of(file: BinaryIO, kinds: Kinds, *, page_size: int) -> list[Leaf]:
    """Return the pages whose rows have values of the types `kinds`, in the order of their rows.

    The integer primary key, which SQLite keeps apart from the row, counts as null.
    """
    file.seek(0)
    found = []
    number = 0
    while page := file.read(page_size):
        number += 1
        leaf = _leaf(page, number, kinds)
        if leaf is not None and len(page) == page_size:
            found.append(leaf)
    return sorted(found, key=lambda leaf: leaf.first)


def roots_over(leaves: Sequence[Leaf], *, page_size: int) -> Iterator[bytes]:
    """Yield root pages which together reach all the leaves; their row ids must not overlap."""
    apart: list[Leaf] = []
    for leaf in leaves:
        if not apart or leaf.first > apart[-1].last:
            apart.append(leaf)
    for start in range(0, len(apart), _CHILDREN):
        yield _root(apart[start : start + _CHILDREN], page_size)


def _leaf(page: bytes, number: int, kinds: Kinds) -> Leaf | None:
    if number == 1 or page[0] != _LEAF:
        return None
    cells = int.from_bytes(page[3:5])
    try:
        first, last = (_place(page, n) for n in (0, cells - 1))
        if not cells or not _is_of(page, first, kinds):
            return None
        ends = [_varint(page, _varint(page, place)[1])[0] for place in (first, last)]
    except IndexError:
        return None
    return Leaf(number, *ends) if 0 < ends[0] <= ends[1] else None


def _place(page: bytes, cell: int) -> int:
    """Return where a cell is in its page."""
    pointer = 8 + 2 * cell
    return int.from_bytes(page[pointer : pointer + 2])


def _is_of(page: bytes, cell: int, kinds: Kinds) -> bool:
    """Say whether the values of a row have the types."""
    _, place = _varint(page, cell)
    _, place = _varint(page, place)
    size, place_of_types = _varint(page, place)
    types = []
    while place_of_types < place + size:
        code, place_of_types = _varint(page, place_of_types)
        types.append(_type(code))
    return len(types) == len(kinds) and all(map(issubclass, types, kinds))


def _type(code: int) -> type:
    if code == 0:
        return type(None)
    if code >= 12:
        return str if code % 2 else bytes
    return float if code == 7 else int


def _varint(page: bytes, place: int) -> tuple[int, int]:
    """Return a number of SQLite's file format and the place behind it."""
    value = 0
    for n in range(8):
        byte = page[place + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + n + 1
    return value << 8 | page[place + 8], place + 9


def _root(leaves: Sequence[Leaf], page_size: int) -> bytes:
    """Return a page that points to the leaves; the last one is its right-most child."""
    page = bytearray(page_size)
    end, pointers = page_size, []
    for leaf in leaves[:-1]:
        cell = leaf.page.to_bytes(4) + _as_varint(leaf.last)
        end -= len(cell)
        page[end : end + len(cell)] = cell
        pointers.append(end)
    page[0] = _INTERIOR
    page[3:5] = len(pointers).to_bytes(2)
    page[5:7] = end.to_bytes(2)
    page[8:12] = leaves[-1].page.to_bytes(4)
    page[12 : 12 + 2 * len(pointers)] = b"".join(place.to_bytes(2) for place in pointers)
    return bytes(page)


def _as_varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
