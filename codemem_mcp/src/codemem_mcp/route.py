"""The server's door for `codemem mcp`; only the server, which has Litestar, imports it."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError
from codemem_core.plugins.registry import Plugins
from codemem_core.retrieval.embedding import Meaning
from codemem_core.store.engine.store import Store
from codemem_mcp.access import Access
from codemem_mcp.envelope import Envelope
from codemem_mcp.relay import PATH

_ANSWERS = "codemem_mcp.exchange"
"""Imports the SDK, 0.5 s and 34 MB: not before an agent asks, since hooks need none of it."""


@post(PATH, status_code=200)
async def answer(
    body: RawBody,
    store: NamedDependency[Store],
    plugins: NamedDependency[Plugins],
    settings: NamedDependency[Settings],
    meaning: NamedDependency[Meaning],
) -> dict[str, Any]:
    """Answer one JSON-RPC request of an agent: `{"request", "hello", "caller"}`."""
    envelope = await asyncio.to_thread(Envelope.from_json, _read(body), plugins)
    exchange = (await asyncio.to_thread(import_module, _ANSWERS)).exchange
    access = Access(settings=settings, open=lambda: nullcontext(store), meaning=meaning)
    return {"messages": await exchange(envelope, access)}


def _read(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("invalid json") from error


router = Router("/", route_handlers=[answer], tags=["mcp"])
