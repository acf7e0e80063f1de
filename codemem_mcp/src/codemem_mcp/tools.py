"""The tools an agent calls; each docstring is what the model reads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from codemem_core.ingest import by_hand
from codemem_core.ingest.by_hand import Note
from codemem_core.pack.build import build_pack
from codemem_core.project import normalize_label
from codemem_core.records.memory import KINDS
from codemem_core.store import memories
from codemem_core.store.search import Hit, search
from codemem_mcp import rows

if TYPE_CHECKING:
    from codemem_core.settings import Settings
    from codemem_core.store.store import Store

# A model that asks for more than it can read gets what it can read.
_MOST_ITEMS = 100
_EVERYWHERE = frozenset({"", "*"})


class MemoryTools:
    """The tools over one store, for an agent that works on one project."""

    def __init__(self, store: Store, *, settings: Settings, project: str | None, cwd: str) -> None:
        self._store = store
        self._settings = settings
        self._project = project
        self._cwd = cwd

    def memory_search_index(
        self, query: str, limit: int = 8, kind: str | None = None, project: str | None = None
    ) -> dict[str, Any]:
        """Find memories of earlier sessions by words; start here.

        Returns ids, titles and scores only: read the promising ones with `memory_get`. Searches
        the current project; `project` names another one, `project: "*"` searches all of them.
        `kind` keeps one kind, for example `decision` or `bugfix`.
        """
        hits = self._search(query, limit=limit, kind=kind, project=project)
        return {"items": [rows.indexed(hit) for hit in hits], "widening": None}

    def memory_search(
        self, query: str, limit: int = 5, kind: str | None = None, project: str | None = None
    ) -> dict[str, Any]:
        """Find memories of earlier sessions by words, with their text.

        Costs more tokens than `memory_search_index`. Searches the current project; `project` names
        another one, `project: "*"` searches all of them.
        """
        hits = self._search(query, limit=limit, kind=kind, project=project)
        return {"items": [rows.found(hit) for hit in hits], "widening": None}

    def memory_get(self, memory_id: int) -> dict[str, Any]:
        """Read one memory in full, by the id that a search returned."""
        with self._store.read() as db:
            memory = memories.get(db, memory_id)
        return rows.row(memory) if memory else {"error": "not_found"}

    def memory_recent(
        self, limit: int = 8, kind: str | None = None, project: str | None = None
    ) -> dict[str, Any]:
        """List the newest memories, newest first.

        Lists the current project; `project` names another one, `project: "*"` lists all of them.
        """
        with self._store.read() as db:
            newest = memories.recent(
                db, limit=_bounded(limit), kind=kind, project=self._scope(project)
            )
        return {"items": [rows.row(memory) for memory in newest]}

    def memory_timeline(
        self,
        query: str | None = None,
        memory_id: int | None = None,
        depth_before: int = 3,
        depth_after: int = 3,
        project: str | None = None,
    ) -> dict[str, Any]:
        """Show what happened before and after a memory in the same session, oldest first.

        The memory is `memory_id`, or the best hit of `query`.
        """
        with self._store.read() as db:
            if memory_id is None and query:
                best = search(db, query, limit=1, project=self._scope(project))
                memory_id = best[0].id if best else None
            anchor = memories.get(db, memory_id) if memory_id is not None else None
            if anchor is None:
                return {"items": []}
            before, after = _bounded(depth_before, least=0), _bounded(depth_after, least=0)
            found = memories.around(db, anchor, before=before, after=after)
        return {"items": [rows.row(memory) | {"linked_prompt": None} for memory in found]}

    def memory_pack(
        self, context: str, limit: int | None = None, project: str | None = None
    ) -> dict[str, Any]:
        """Gather what earlier sessions know about a task, as one text ready to read.

        `context` says what you are about to do. Covers the current project; `project` names another
        one, `project: "*"` covers all of them.
        """
        most = limit if limit is not None else self._settings.number("inject_limit")
        budget = self._settings.number("inject_token_budget")
        scope = self._scope(project)
        with self._store.read() as db:
            pack = build_pack(db, context, limit=_bounded(most), token_budget=budget, project=scope)
        return dict(pack.to_json())

    def memory_remember(
        self,
        kind: str,
        title: str,
        body: str,
        confidence: float = 0.5,
        project: str | None = None,
    ) -> dict[str, Any]:
        """Keep something that a later session should know.

        Write what cannot be read from the code: a decision and its reason, a dead end, a
        preference. `kind` is one of those that `memory_schema` lists, often `decision`,
        `discovery`, `bugfix` or `note`. Leave secrets out.
        """
        note = Note(
            kind=kind,
            title=title,
            body=body,
            origin="assistant",
            confidence=confidence,
            extractor="mcp",
        )
        label = self._scope(project)
        return {"id": by_hand.remember(self._store, note, project=label, cwd=self._cwd)}

    def memory_forget(self, memory_id: int) -> dict[str, str]:
        """Take a memory out of searches and packs, because it is wrong or outdated."""
        self._store.write(lambda db: memories.forget(db, memory_id, now_ms=_now_ms()))
        return {"status": "ok"}

    def memory_schema(self) -> dict[str, Any]:
        """Describe memories: their kinds, their fields, and what the tools can filter by."""
        return {"kinds": list(KINDS), "fields": dict(_FIELDS), "filters": ["kind", "project"]}

    def _search(
        self, query: str, *, limit: int, kind: str | None, project: str | None
    ) -> list[Hit]:
        scope = self._scope(project)
        with self._store.read() as db:
            return search(db, query, limit=_bounded(limit), kind=kind, project=scope)

    def _scope(self, project: str | None) -> str | None:
        """Return the project to look in; None is all of them."""
        if project is None:
            return self._project
        return None if project.strip() in _EVERYWHERE else normalize_label(project)


_FIELDS = {
    "title": "one line that says it all",
    "body": "the whole of it, as text",
    "subtitle": "what the title leaves out, in one line",
    "facts": "single statements, each true by itself",
    "narrative": "how it came about",
    "concepts": "what it is about, in single words",
    "files_read": "paths that were read",
    "files_modified": "paths that were changed",
    "prompt_number": "which prompt of its session it belongs to",
}


def _bounded(limit: int, *, least: int = 1) -> int:
    return min(max(limit, least), _MOST_ITEMS)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
