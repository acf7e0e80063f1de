"""What an observer's reply says before anybody judges it: fields by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Block = dict[str, list[str]]
"""One observation or summary: the texts of each field; those of a plain field belong together."""

SECTIONS = ("request", "investigated", "learned", "completed", "next_steps", "notes")
"""A summary's texts, in the order they are shown."""
TEXTS = frozenset({"type", "title", "subtitle", "narrative", "evidence", "supersedes", *SECTIONS})
LISTS = {
    "facts": "fact",
    "concepts": "concept",
    "files_read": "file",
    "files_modified": "file",
}
"""The list fields, and what the documented XML calls one entry of each."""

_OTHER_NAMES = {
    "type": "kind category",
    "title": "heading headline name claim statement subject",
    "narrative": "detail details description body content text explanation reason rationale why"
    " summary",
    "facts": "fact points key_points bullets",
    "files_modified": "files_changed modified_files changed_files files",
    "files_read": "read_files",
    "evidence": "citations cites sources",
    "supersedes": "outdates replaces",
    "request": "task goal",
    "completed": "done outcome result",
    "learned": "learnings lessons",
    "next_steps": "next todo todos open open_items",
}
"""What models call the fields when they do not keep to the documented names."""


def named(fields: Mapping[str, list[str]]) -> Block:
    """Return fields under their documented names; other names count where those are missing."""
    given = {_snake(name): texts for name, texts in fields.items()}
    block = {name: given[name] for name in (TEXTS | LISTS.keys()) & given.keys()}
    for name, others in _OTHER_NAMES.items():
        found = [text for other in others.split() for text in given.get(other, ())]
        if found and name not in block:
            block[name] = found
    return block


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[-\s]+", "_", name.strip()).lower()


def has_text(block: Block) -> bool:
    """Say whether a block holds anything that could be told."""
    return any(block.get(name) for name in ("title", "narrative", "facts", *SECTIONS))


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
