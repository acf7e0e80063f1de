"""Moments as people write them."""

from __future__ import annotations

import re

from codemem_core.records.event import epoch_ms

_UNITS_MS = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}


def since_to_ms(text: str, *, now_ms: int) -> int:
    """Return epoch milliseconds of `30d` ago, or of a date; raises `InputError`."""
    if found := re.fullmatch(r"(\d{1,5})([hdw])", text.strip()):
        return now_ms - int(found[1]) * _UNITS_MS[found[2]]
    return epoch_ms(text)
