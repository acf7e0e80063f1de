"""The user's rules as lines of what is injected.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

from codemem_core.retrieval.pack.render import clip, harmless, tokens
from codemem_core.store.user_rules import rules_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

_CHARS = 300
"""Of one rule: what a user says in a sentence or two."""


def rule_lines(db: apsw.Connection, project: str, *, room: int) -> list[str]:
    """Return the rules that hold in a project as `[id] text`, as many as fit in `room` tokens.

    The most important ones come first (`rules_for`); a long one that does not fit makes place for
    a shorter one.
    """
    lines = []
    for rule in rules_for(db, project):
        line = f"[{rule.id}] {clip(harmless(rule.text), _CHARS)}"
        if tokens(line) < room:
            lines.append(line)
            room -= tokens(line) + 1
    return lines
