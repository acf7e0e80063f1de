"""Answers requests in the `codemem mcp` process itself, where no server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store
from codemem_mcp.access import Access
from codemem_mcp.envelope import Envelope
from codemem_mcp.exchange import exchange

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings


def local_answers(
    settings: Settings, database: str
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Return what answers an envelope's request; it opens the database for each tool call."""
    plugins = Plugins.load(settings)
    access = Access(settings=settings, open=partial(Store.open, database))
    return lambda asked: asyncio.run(exchange(Envelope.from_json(asked, plugins), access))
