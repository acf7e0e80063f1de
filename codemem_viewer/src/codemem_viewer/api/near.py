"""Nearness: what the embedder says of a text, for commands that have none."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.remote_embedding import PATH
from codemem_core.store.engine.store import Store
from codemem_viewer.decode import body_of
from codemem_viewer.openapi import takes


class NearQuery(msgspec.Struct):
    """A text, and whose memories to compare it with (null: everybody's)."""

    text: str
    project: str | None = None


class Near(msgspec.Struct):
    """How near the nearest 200 memories are, by id; `problem` says why there are none."""

    near: dict[int, float]
    problem: str


@post(PATH, status_code=200, operation_class=takes(NearQuery))
async def near(
    body: RawBody, store: NamedDependency[Store], meaning: NamedDependency[Meaning]
) -> Near:
    """Compare a text with memories by what they mean."""
    return await asyncio.to_thread(_near, store, meaning, body_of(NearQuery, body))


def _near(store: Store, meaning: Meaning, asked: NearQuery) -> Near:
    with store.read() as db:
        found = meaning.near(db, asked.text, project=asked.project)
    return Near(found, meaning.problem)


router = Router("/", route_handlers=[near], tags=["pack"])
