"""Rules: what the user said is to be done from now on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codemem_core.config.settings import Settings
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store
from codemem_core.store.user_rules import all_rules, rules_for


def rules(store: Store, _: Settings, query: Mapping[str, str]) -> dict[str, Any]:
    """Show the rules of a project and those of all projects; without one, every rule."""
    project = query.get("project", "")
    with store.read() as db:
        found = rules_for(db, project) if project else all_rules(db)
        listed = [memory for rule in found if (memory := memories.get(db, rule.id)) is not None]
        return {"projects": sessions.projects(db), "project": project, "rules": listed}
