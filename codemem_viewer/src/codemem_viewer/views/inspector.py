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

from codemem_core.errors import InputError
from codemem_core.meaning import Meaning
from codemem_core.pack.build import Pack, build_pack
from codemem_core.pack.rank import fitting
from codemem_core.settings import Settings
from codemem_core.store import sessions
from codemem_core.store.search import Hit, search
from codemem_core.store.store import Store
from codemem_viewer.decode import body_of
from codemem_viewer.openapi import takes
from codemem_viewer.shown import shown

MAX_ITEMS = 200
_UNTRUSTED = frozenset({"external", "import"})


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
    values = await asyncio.to_thread(_explained, store, meaning, asked)
    return shown(request, "inspector.html", values)


def _filled(asked: Question, settings: Settings) -> Question:
    limit, budget = asked.limit, asked.token_budget
    asked.limit = min(MAX_ITEMS, settings.number("inject_limit") if limit is None else limit)
    asked.token_budget = settings.number("inject_token_budget") if budget is None else budget
    return asked


def _explained(store: Store, meaning: Meaning, asked: Question) -> dict[str, Any]:
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
        )
        left = _left_out(db, asked, pack, near, limit=3 * limit)
        projects = sessions.projects(db)
    return {
        "asked": asked,
        "projects": projects,
        "pack": {
            "text": pack.text,
            "metrics": pack.metrics,
            "items": [_hit(hit) | {"repeats": pack.repeats[hit.id]} for hit in pack.items],
        },
        "left": left,
    }


def _left_out(
    db: apsw.Connection, asked: Question, pack: Pack, near: Mapping[int, float], *, limit: int
) -> list[Any]:
    """Return what was found and did not get in, each with the reason."""
    found = search(db, asked.prompt, limit=limit, meaning=near, project=asked.project or None)
    worth = {hit.id for hit in fitting(found)}
    shown_ids = {hit.id for hit in pack.items}
    repeated = {other: first for first, others in pack.repeats.items() for other in others}
    left = []
    for hit in found:
        if hit.id in shown_ids:
            continue
        if hit.id in repeated:
            reason = f"says the same as {repeated[hit.id]}"
        elif asked.injected and hit.origin in _UNTRUSTED and not hit.confirmed:
            reason = f"origin {hit.origin}, and nobody has confirmed it"
        elif hit.id not in worth:
            reason = "shares too little with the prompt"
        else:
            reason = "no room: better ones took the places and tokens"
        left.append(_hit(hit) | {"reason": reason})
    return left


def _hit(hit: Hit) -> dict[str, Any]:
    names = ("id", "kind", "title", "body", "project", "origin", "score", "parts", "matched")
    return {name: getattr(hit, name) for name in names}


router = Router("/", route_handlers=[empty, inspect], tags=["pages"])
