"""Rules: what the user said is to be done from now on, as it stands today.

On the hook path: apsw beside modules that are on it.
"""

from __future__ import annotations

from codemem_core.store.conditions import CURRENT, HELD
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    import apsw

KIND = "preference"
"""The kind of memory that a rule is."""


class Rule:
    """A standing instruction, a preference or a fact the user wants remembered."""

    __slots__ = ("created_ms", "id", "project", "scope", "support", "text")

    def __init__(self, row: Sequence[Any]) -> None:
        self.id: int = row[0]
        title, body = row[1], row[2]
        self.text: str = body if body.startswith(title) else f"{title}: {body}"
        """Whole sentences, as the user put them."""
        self.project: str | None = row[3]
        self.scope: str = row[4]
        """`project`, or `user`: it holds in every project."""
        self.support: int = row[5]
        """How many sessions said it."""
        self.created_ms: int = row[6]


_RULES = f"""
    SELECT m.id, m.title, m.body, m.project, m.scope, m.support, max(m.created_ms, m.seen_ms)
      FROM memories m
     WHERE m.kind = 'preference' AND m.active = 1 AND {CURRENT}
       AND (m.confirmed OR (m.origin = 'user' AND NOT {HELD}))
       AND (:everything OR m.project IS :project OR m.scope = 'user')
     ORDER BY m.pinned DESC, m.support DESC, max(m.created_ms, m.seen_ms) DESC, m.id DESC
     LIMIT :limit
"""  # noqa: S608 - constants of ours


def rules_for(db: apsw.Connection, project: str | None, *, limit: int = 100) -> list[Rule]:
    """Return the rules of a project and those of all projects that may be injected.

    Pinned ones come first, then what most sessions said, then the newest.
    """
    wanted = {"project": project, "everything": False, "limit": limit}
    return [Rule(row) for row in rows(db, _RULES, wanted)]


def all_rules(db: apsw.Connection, *, limit: int = 1000) -> list[Rule]:
    """Return the rules of every project, in the same order."""
    wanted = {"project": None, "everything": True, "limit": limit}
    return [Rule(row) for row in rows(db, _RULES, wanted)]


_AGENTS = """
    WITH wanted (id) AS (SELECT value FROM json_each(?)),
         heard (id, session_id) AS (
             SELECT m.id, m.session_id FROM memories m JOIN wanted USING (id)
              UNION
             SELECT memory_id, g.session_id FROM sightings g JOIN wanted ON wanted.id = memory_id)
    SELECT heard.id, group_concat(DISTINCT s.source ORDER BY s.source)
      FROM heard JOIN sessions s ON s.id = heard.session_id
     WHERE s.source <> ''
     GROUP BY heard.id
"""


def agents_of(db: apsw.Connection, rules: Iterable[Rule]) -> dict[int, list[str]]:
    """Return the names of the agents that each rule was given to, by the rule's id."""
    ids = "[" + ",".join(str(rule.id) for rule in rules) + "]"
    return {id: names.split(",") for id, names in rows(db, _AGENTS, (ids,))}
