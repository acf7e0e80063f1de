"""The project card: how to build, test and run a project, one memory for each project.

An observer writes what a stretch showed, line by line (``Tests: `pytest -q` ``). The card that is
there takes those lines up: a line with the same label gives way to the newer one, the others stay.
"""

from __future__ import annotations

import re

import apsw

from codemem_core.distil.summaries import union
from codemem_core.records.memory import PROJECT_CARD, Memory, NewMemory
from codemem_core.store import memories

_LINE = re.compile(r"\n|(?<=`\.)\s+(?=[^\W\d_]+: `)")
"""Between two labels; an observer may write several in one line."""
_FIND = """
    SELECT id FROM memories
     WHERE project IS :project AND active = 1 AND outdated_by IS NULL
       AND EXISTS (SELECT 1 FROM json_each(concepts) WHERE value = :concept)
     ORDER BY created_ms DESC, id DESC
     LIMIT 1
"""


def is_card(memory: Memory | NewMemory) -> bool:
    """Say whether a memory is a project card or lines for one."""
    return PROJECT_CARD in memory.concepts


def card_of(db: apsw.Connection, project: str | None) -> Memory | None:
    """Return the card of a project, or None."""
    found = db.execute(_FIND, {"project": project, "concept": PROJECT_CARD}).get
    return None if found is None else memories.get(db, found)


def take_up(db: apsw.Connection, card: Memory, new: NewMemory, *, now_ms: int) -> None:
    """Write the lines of `new` into the card, in place."""
    is_newer = new.created_ms >= max(card.created_ms, card.seen_ms)
    earlier, later = (card.body, new.body) if is_newer else (new.body, card.body)
    lines = {_label(line): line for line in [*_lines(card.body), *_lines(new.body)]}
    lines |= {_label(line): line for text in (earlier, later) for line in _lines(text)}
    body = "\n".join(lines.values())
    if body != card.body:
        facts = union(card.facts, new.facts)
        changes = {"body": body, "narrative": body, "facts": facts}
        memories.edit(db, card.id, changes, now_ms=now_ms)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in _LINE.split(text) if line.strip()]


def _label(line: str) -> str:
    label, colon, _ = line.partition(":")
    return label.strip().lower() if colon else line.lower()
