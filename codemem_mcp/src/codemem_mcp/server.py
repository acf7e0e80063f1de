"""The SDK's server with everything codemem offers.

The SDK takes a second to import and 33 MB: only the local server, and `codemem mcp` where none
runs, import this module.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.prompts import Prompt
from mcp_types import CallToolResult, InputRequiredResult, Resource, ToolAnnotations

from codemem_core._version import __version__
from codemem_core.errors import CodememError
from codemem_core.retrieval.pack.neutral import neutral
from codemem_mcp import explaining, looking, reading, writing
from codemem_mcp.fenced import fenced
from codemem_mcp.guide import INSTRUCTIONS

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_REMOVES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


_READING: tuple[Callable[..., Any], ...] = (
    looking.memory_search_index,
    looking.memory_search,
    looking.memory_timeline,
    explaining.memory_expand,
    looking.memory_get_observations,
    explaining.memory_explain,
    looking.memory_get,
    looking.memory_recent,
    looking.memory_pack,
)
"""Tools that show memories."""
_OTHERS: tuple[tuple[Callable[..., Any], ToolAnnotations], ...] = (
    (writing.memory_remember, _ADDS),
    (writing.memory_forget, _REMOVES),
    (writing.memory_schema, _READS),
    (writing.memory_learn, _READS),
)


class MemoryServer(MCPServer[Any]):
    """The tools, the newest memories as resources, and a prompt that asks for a recap."""

    def __init__(self) -> None:
        super().__init__(
            "codemem",
            title="codemem",
            instructions=INSTRUCTIONS,
            version=__version__,
            log_level="WARNING",
            subscriptions=False,
        )
        for tool in _READING:
            self._offer(_fencing(tool), _READS)
        for tool, effect in _OTHERS:
            self._offer(tool, effect)
        for function, uri, title in (
            (reading.recent, reading.RECENT, "Recent memories"),
            (reading.one, reading.ONE, "One memory"),
        ):
            offer = self.resource(uri, title=title, mime_type="text/markdown")
            offer(_answering(function, ResourceError))
        self.add_prompt(Prompt.from_function(reading.recap, title="Recap of earlier sessions"))

    def _offer(self, tool: Callable[..., Any], effect: ToolAnnotations) -> None:
        told = inspect.getdoc(tool)
        self.add_tool(_answering(tool, ToolError), description=told, annotations=effect)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; null for an argument means that it was left out, as many clients send it."""
        given = {key: value for key, value in arguments.items() if value is not None}
        return await super().call_tool(name, given, context)

    async def list_resources(self) -> list[Resource]:
        """Return the list of recent memories, and each of the newest by itself."""
        try:
            newest = await anyio.to_thread.run_sync(reading.listed)
        except CodememError:
            newest = []  # reading the list says what is wrong
        return [
            *await super().list_resources(),
            *(
                Resource(
                    uri=reading.ONE.format(memory_id=memory.id),
                    name=f"memory {memory.id}",
                    title=neutral(memory.title),
                    description=memory.kind,
                    mime_type="text/markdown",
                )
                for memory in newest
            ),
        ]


def _fencing(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a tool that shows memories so that what it answers is fenced."""

    @functools.wraps(tool)
    def answer(*place: object, **arguments: object) -> dict[str, Any]:
        return fenced(tool(*place, **arguments))

    return answer


def _answering(
    function: Callable[..., Any], refusal: type[ToolError | ResourceError]
) -> Callable[..., Any]:
    """Wrap a function so that the model reads what went wrong and what to do about it."""

    @functools.wraps(function)
    def answer(*place: object, **arguments: object) -> object:
        try:
            return function(*place, **arguments)
        except CodememError as error:
            raise refusal(f"{error}. {error.hint}".removesuffix(". ")) from error

    return answer


SERVER = MemoryServer()
"""Made once: its schemas take as long as a hundred requests."""
