"""Memory: one of them, with what stands beside it in its session."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from codemem_core.records.memory import Memory
from codemem_core.retrieval import duplicates
from codemem_core.retrieval.code_state import FIELD, stale
from codemem_core.store import injections, memories
from codemem_core.store.engine.store import Store
from codemem_viewer.negotiate import shown

_BESIDE = 3
_PATIENCE_S = 0.5
"""What looking at the files of one memory may take."""
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
        code = stale(db, [id], budget_s=_PATIENCE_S).get(id, "")
        injected = injections.times(db, id)
        line = memories.around(db, memory, before=_BESIDE, after=_BESIDE)
    at = line.index(memory)
    values = {"memory": memory, "before": line[:at], "after": line[at + 1 :]}
    values |= {"again": again, "code": code, "commit": _commit(memory), "injected": injected}
    return shown(request, "memory.html", values)


def _commit(memory: Memory) -> str:
    """Return the start of the commit that was checked out when it was written."""
    code = memory.metadata.get(FIELD)
    return str(code.get("commit", ""))[:7] if isinstance(code, dict) else ""


router = Router("/", route_handlers=[page], tags=["pages"])
