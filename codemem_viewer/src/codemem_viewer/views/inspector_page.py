"""Context inspector: what a prompt would be told, why, and what was left out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import apsw
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError
from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.pack.build import Pack, build_pack
from codemem_core.retrieval.search import search
from codemem_core.store import sessions
from codemem_core.store.engine.store import Store
from codemem_viewer.decode import body_of
from codemem_viewer.negotiate import shown
from codemem_viewer.openapi import takes

MAX_ITEMS = 200
_VISIBLE = 0.0005
_FROM = {"external": "the web", "import": "an import"}


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """A prompt, and how much may be said about it; the settings say what is left empty."""

    prompt: str
    project: str = ""
    limit: int | None = None
    token_budget: int | None = None
    injected: bool = True


@get("/api/pages/inspector", sync_to_thread=True)
def empty(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show the question, not yet asked."""
    asked = _filled(Question(prompt=""), settings)
    with store.read() as db:
        values = {"asked": asked, "projects": sessions.projects(db), "pack": None, "left": []}
    return shown(request, "inspector.html", values)


# A POST, so that a prompt stays out of addresses, history and logs.
@post("/api/pages/inspector", status_code=200, operation_class=takes(Question))
async def inspect(
    request: Request[Any, Any, Any],
    body: RawBody,
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
    meaning: NamedDependency[Meaning],
) -> Response[Any]:
    """Build the pack of a prompt as the hook would, and explain it."""
    asked = _filled(body_of(Question, body), settings)
    if not asked.prompt.strip():
        raise InputError("prompt required")
    for name in ("limit", "token_budget"):
        if not 0 <= getattr(asked, name) <= 100_000:
            raise InputError(f"{name} must be from 0 to 100000")
    values = await asyncio.to_thread(_explained, store, meaning, settings, asked)
    return shown(request, "inspector.html", values)


def _filled(asked: Question, settings: Settings) -> Question:
    limit, budget = asked.limit, asked.token_budget
    asked.limit = min(MAX_ITEMS, settings.number("inject_limit") if limit is None else limit)
    asked.token_budget = settings.number("inject_token_budget") if budget is None else budget
    return asked


def _explained(
    store: Store, meaning: Meaning, settings: Settings, asked: Question
) -> dict[str, Any]:
    limit, budget = asked.limit or 0, asked.token_budget or 0
    project = asked.project or None
    with store.read() as db:
        near = meaning.near(db, asked.prompt, project=project)
        pack = build_pack(
            db,
            asked.prompt,
            meaning=near,
            limit=limit,
            token_budget=budget,
            project=project,
            injected=asked.injected,
            learned=settings.flag("learning"),
        )
        untrusted = _untrusted(db, asked, pack, near) if asked.injected else []
        projects = sessions.projects(db)
    explained = pack.explain()
    return {
        "asked": asked,
        "projects": projects,
        "pack": {
            "text": pack.text,
            "metrics": pack.metrics,
            "items": [_hit(hit) | {"repeats": pack.repeats.get(hit.id, [])} for hit in pack.items],
            **{name: explained[name] for name in ("terms", "silence")},
        },
        "left": sorted(
            [*_left_out(pack, explained["left_out"]), *untrusted],
            key=lambda each: -each["score"],
        ),
        "meaning": meaning.problem or None,
    }


def _left_out(pack: Pack, left_out: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was found and is not in the pack, each with the reason."""
    found = {hit.id: hit for hit in pack.found}
    return [_hit(found[each["id"]]) | {"reason": each["why"]} for each in left_out]


def _untrusted(
    db: apsw.Connection, asked: Question, pack: Pack, near: Mapping[int, float]
) -> list[dict[str, Any]]:
    """Return what would have been found if the web and imports were told unasked."""
    limit, project = 3 * (asked.limit or 0), asked.project or None
    found = search(db, asked.prompt, limit=limit, meaning=near, project=project)
    known = {hit.id for hit in pack.found}
    return [
        _hit(hit) | {"reason": f"comes from {_FROM[hit.origin]}, and nobody has confirmed it"}
        for hit in found
        if hit.id not in known and hit.origin in _FROM and not hit.confirmed
    ]


_THEMES = {
    "words": ("words", "title", "coverage", "telling", "brief"),
    "phrases": ("phrases",),
    "meaning": ("meaning",),
    "session": ("session", "neighbours", "apart"),
    "your work": ("context", "files"),
    "recency and kind": ("recency", "kind"),
    "use": ("support", "used", "unused", "decay"),
    "newer one": ("outdated",),
}
"""Parts of a score, as far as a reader tells them apart."""


def _hit(hit: Hit) -> dict[str, Any]:
    names = ("id", "kind", "title", "body", "project", "origin", "score", "parts", "matched")
    themes = {
        theme: sum(hit.parts.get(part, 0.0) for part in parts) for theme, parts in _THEMES.items()
    }
    themes["other"] = sum(hit.parts.values()) - sum(themes.values())
    told = {name: share for name, share in themes.items() if abs(share) >= _VISIBLE}
    return {name: getattr(hit, name) for name in names} | {"themes": told}


router = Router("/", route_handlers=[empty, inspect], tags=["pages"])
