"""Sessions that get nothing, so that what memory is worth can be seen: `holdout_percent`.

On the hook path: nothing is imported.
"""

from __future__ import annotations

EVENT = "holdout"
"""The event of `usage_events` that says a session got nothing for that reason."""


def is_held_out(stream_id: str, percent: int) -> bool:
    """Say whether a session is one of the `percent` in a hundred; always the same answer."""
    if percent <= 0 or not stream_id:
        return False
    mixed = 2_166_136_261  # FNV-1a: ids that differ in their last letter fall apart
    for byte in stream_id.encode("utf-8", "replace"):
        mixed = (mixed ^ byte) * 16_777_619 & 0xFFFF_FFFF
    return (mixed >> 8) % 100 < percent
