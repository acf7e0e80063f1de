"""How a tool reaches the memories, and for whom it does so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemem_core.errors import StoreError
from codemem_core.project import normalize_label
from codemem_core.store import projects, usage
from codemem_core.store.usage import Usage

if TYPE_CHECKING:
    import apsw

    from codemem_core.config.settings import Settings
    from codemem_core.retrieval.embedding import Meaning
    from codemem_core.store.engine.store import Store

# A model that asks for more than it can read gets what it can read.
MOST_ITEMS = 100
_EVERYWHERE = frozenset({"", "*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The agent that calls, as its `codemem mcp` knows it."""

    project: str | None
    """The project it works on; None looks at all of them."""
    cwd: str | None
    session: str = ""
    """Its session's id, where the host tells it."""
    call: str = ""
    """Names this call: asked twice, something is written once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The store and what goes with it."""

    settings: Settings
    open: Callable[[], AbstractContextManager[Store]]
    """Lends the store for one call: kept open, it would bar the repair of a damaged database."""
    meaning: Meaning | None = None
    """Finds memories by what they mean; only the server has it."""

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """Lend a read connection; raises `StoreError`."""
        with self.open() as store, store.read() as db:
            yield db

    def near(self, db: apsw.Connection, text: str, project: str | None) -> dict[int, float]:
        """Return how near memories are to `text`, by id."""
        return self.meaning.near(db, text, project=project) if self.meaning else {}

    def note_reading(self, tool: str, ids: list[int], *, project: str | None) -> None:
        """Leave a receipt of what an agent read in full: what is read is what helped."""
        if not ids:
            return
        told = {"tool": tool, "memory_ids": ids, "project": project}
        told |= {"session": calling().caller.session}
        receipt = Usage(event="expand", metadata=told)
        try:
            with self.open() as store:
                store.write(lambda db: usage.record(db, receipt, now_ms=now_ms()))
        except StoreError:
            return  # a full disk is no reason not to answer


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is being answered."""

    access: Access
    caller: Caller


_CALL: ContextVar[Call] = ContextVar("call")


def calling() -> Call:
    """Return the request that is being answered."""
    return _CALL.get()


def answer_for(call: Call) -> None:
    """Begin to answer a request, in this task and the threads it starts."""
    _CALL.set(call)


def scope(project: str | None) -> str | None:
    """Return the project to look in, the caller's unless another is named; None is all of them."""
    if project is None:
        call = calling()
        with call.access.read() as db:
            return projects.settled(db, call.caller.project, call.caller.cwd)
    return None if project.strip() in _EVERYWHERE else normalize_label(project)


def bounded(limit: int, *, least: int = 1) -> int:
    """Return a number of items that a model can read."""
    return min(max(limit, least), MOST_ITEMS)


def now_ms() -> int:
    """Return the present in epoch milliseconds."""
    return time.time_ns() // 1_000_000
