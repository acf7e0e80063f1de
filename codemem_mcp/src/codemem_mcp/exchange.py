"""One request and what it is answered with, each a whole conversation of its own.

Nothing is kept between two requests: the local server may be stopped, started again or updated
in the middle of an agent's session. What a session has agreed on comes with each request, as the
`initialize` it began with.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCResponse, jsonrpc_message_adapter
from pydantic import ValidationError

from codemem_core.errors import CodememError, InputError
from codemem_mcp.access import Access, Call, answer_for
from codemem_mcp.envelope import Envelope
from codemem_mcp.server import SERVER

_GREETED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def exchange(envelope: Envelope, access: Access) -> list[dict[str, Any]]:
    """Answer a JSON-RPC request; the last message is its response, others are notifications.

    Raises `InputError` for what is none.
    """
    answer_for(Call(access, envelope.caller))
    opening = [envelope.hello, _GREETED] if envelope.hello is not None else []
    spoken = [_message(each) for each in (*opening, envelope.request)]
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](3)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](32)
    for message in spoken:
        to_server.send_nowait(message)
    low = SERVER._lowlevel_server  # what runs over streams has no public name in the SDK
    async with anyio.create_task_group() as tasks, to_server, from_server:
        tasks.start_soon(low.run, from_client, to_client, low.create_initialization_options())
        answers = await _until_answered(from_server, skip=1 if opening else 0)
        tasks.cancel_scope.cancel()
    return answers


def _message(body: dict[str, Any]) -> SessionMessage:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_python(body))
    except ValidationError as error:
        raise InputError("request must be a JSON-RPC request") from error


async def _until_answered(
    messages: AsyncIterable[SessionMessage], *, skip: int
) -> list[dict[str, Any]]:
    """Collect messages up to a response, after leaving out `skip` responses."""
    collected: list[dict[str, Any]] = []
    async for message in messages:
        body = message.message
        is_response = isinstance(body, JSONRPCResponse | JSONRPCError)
        if is_response and skip:
            skip -= 1
            continue
        collected.append(body.model_dump(mode="json", by_alias=True, exclude_unset=True))
        if is_response:
            return collected
    raise CodememError("the request was not answered")
