"""Hooks of any host, as the host sends them."""

from __future__ import annotations

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from codemem_core.plugins.registry import Plugins
from codemem_viewer.ingest_commit import Receiving
from codemem_viewer.openapi import takes_schema

_BODY = takes_schema(
    {"type": "object", "description": "A payload of the host, as its hooks get it."}
)


@post("/api/hooks/{source:str}", status_code=200, operation_class=_BODY)
async def receive(
    source: FromPath[str], body: RawBody, receiving: NamedDependency[Receiving]
) -> dict[str, int]:
    """Store one hook payload of a host; `skipped` is 1 when it says nothing worth keeping.

    The answer comes when it is on disk. What the host's own record says beside it is stored first,
    so that the end of a session stays the last event.
    """
    return await _receive(source, body, receiving)


def hook_aliases(plugins: Plugins) -> list[HTTPRouteHandler]:
    """Return the routes at the paths that hosts were given before `/api/hooks/NAME`."""
    sources = plugins.ingest_sources().values()
    return [_alias(source.name, source.hook_path) for source in sources if source.hook_path]


def _alias(source: str, path: str) -> HTTPRouteHandler:
    @post(path, status_code=200, operation_class=_BODY, tags=["events"])
    async def receive_of(body: RawBody, receiving: NamedDependency[Receiving]) -> dict[str, int]:
        """Store one hook payload of a host, as `/api/hooks/{source}` does."""
        return await _receive(source, body, receiving)

    return receive_of


async def _receive(source: str, body: bytes, receiving: Receiving) -> dict[str, int]:
    appended = await receiving.receive(body, source=source)
    skipped = 0 if appended.inserted + appended.duplicates else 1
    return {"inserted": min(1, appended.inserted), "skipped": skipped}


router = Router("/", route_handlers=[receive], tags=["events"])
