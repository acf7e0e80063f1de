"""Whose memories a command looks at, and what to say when there are none."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from codemem_core.errors import NotFound
from codemem_core.store import sessions
from codemem_core.store.engine.connection import rows

if TYPE_CHECKING:
    import apsw

_COUNT = """
    SELECT count(*), count(DISTINCT project) FROM memories
     WHERE active = 1 AND (:project IS NULL OR project IS NOT :project)
"""


def require_project(db: apsw.Connection, name: str | None) -> None:
    """Raise `NotFound` for a project that somebody named and that does not exist."""
    if name is None:
        return
    known = sessions.projects(db)
    if name in known or rows(db, "SELECT 1 FROM streams WHERE project = ? LIMIT 1", (name,)):
        return
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`codemem project list` lists them"
    raise NotFound(f"no such project: `{name}`", hint=hint)


def nothing_here(db: apsw.Connection, project: str | None, *, what: str = "memories") -> str:
    """Return what to tell somebody whose list is empty: where there is something, if anywhere."""
    elsewhere, projects = rows(db, _COUNT, {"project": project})[0]
    if project is None or not elsewhere:
        return f"No {what} yet. `codemem setup` connects your agents."
    there = f"{elsewhere:,} memories in {projects} other project{'s' if projects != 1 else ''}"
    return f"No {what} in {project}; there are {there} (`--all-projects`)."
