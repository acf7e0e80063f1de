"""Memory: one of them, with what stands beside it in its session."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from codemem_core.retrieval import duplicates
from codemem_core.store import memories
from codemem_core.store.engine.store import Store
from codemem_viewer.negotiate import shown

_BESIDE = 3
_LARGEST = (1 << 63) - 1


@get("/api/pages/memory", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    store: NamedDependency[Store],
    id: Annotated[int, QueryParameter(ge=1, le=_LARGEST)],
) -> Response[Any]:
    """Show one memory, a forgotten one too, between its neighbours."""
    with store.read() as db:
        memory = memories.existing(db, id)
        again = duplicates.of_memory(db, id)
        line = memories.around(db, memory, before=_BESIDE, after=_BESIDE)
    at = line.index(memory)
    values = {"memory": memory, "before": line[:at], "after": line[at + 1 :]}
    values["again"] = again
    return shown(request, "memory.html", values)


router = Router("/", route_handlers=[page], tags=["pages"])
