"""Server-sent events: what happens, as it happens."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.response import ServerSentEvent

from codemem_viewer.live import Live


@get("/api/stream", media_type="text/event-stream")
async def stream(live: NamedDependency[Live]) -> ServerSentEvent:
    """Tell of memories, flushes, the backlog and settings until the client or the server goes."""
    return ServerSentEvent(live.listen())


router = Router("/", route_handlers=[stream], tags=["stream"])
