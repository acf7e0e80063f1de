"""Deciding what waits for a person."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from codemem_core.distil import review
from codemem_core.store import journal
from codemem_core.store.engine.store import Store

Id = Annotated[int, PathParameter(ge=1, le=(1 << 63) - 1)]
_WHO = "viewer"


@post("/api/review/{proposal:int}/accept", status_code=200)
async def accept(proposal: Id, store: NamedDependency[Store]) -> dict[str, Any]:
    """Do what is proposed; 404 when it was decided already."""
    await asyncio.to_thread(review.accept, store, proposal, by=_WHO)
    return await asyncio.to_thread(_done, store, "Accepted", f"accept proposal {proposal}")


@post("/api/review/{proposal:int}/reject", status_code=200)
async def reject(proposal: Id, store: NamedDependency[Store]) -> dict[str, Any]:
    """Decline what is proposed; 404 when it was decided already."""
    await asyncio.to_thread(review.reject, store, proposal, by=_WHO)
    return await asyncio.to_thread(_done, store, "Rejected", f"reject proposal {proposal}")


def _done(store: Store, said: str, label: str) -> dict[str, Any]:
    with store.read() as db:
        entry = next(each.id for each in journal.entries(db) if each.label == label)
    return {"said": said, "undo": {"path": f"/api/changes/{entry}/undo", "body": {}}}


router = Router("/", route_handlers=[accept, reject], tags=["memories"])
