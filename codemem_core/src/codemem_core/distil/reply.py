"""What an observer's reply says before anybody judges it: fields by name."""

from __future__ import annotations

from dataclasses import dataclass, field

Block = dict[str, list[str]]
"""One observation or summary: the texts of each field; those of a plain field belong together."""

SECTIONS = ("request", "investigated", "learned", "completed", "next_steps", "notes")
"""A summary's texts, in the order they are shown."""
TEXTS = frozenset({"type", "title", "subtitle", "narrative", "evidence", *SECTIONS})
LISTS = {
    "facts": "fact",
    "concepts": "concept",
    "files_read": "file",
    "files_modified": "file",
}
"""The list fields, and what the documented XML calls one entry of each."""


@dataclass(slots=True)
class Blocks:
    """The blocks of one reply in the order they came."""

    observations: list[Block] = field(default_factory=list)
    summaries: list[Block] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    """The reason of each `skip_summary`; empty text when it gave none."""

    nothing: bool = False
    """The reply has the documented form and says that there is nothing to tell."""

    def __bool__(self) -> bool:
        """Say whether this is an answer at all."""
        return bool(self.observations or self.summaries or self.skips or self.nothing)
