"""What `codemem mcp` sends to the server: a request, and what it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeGuard

from codemem_core.errors import InputError
from codemem_core.project import normalize_label
from codemem_mcp.access import Caller

if TYPE_CHECKING:
    from codemem_core.plugins.registry import Plugins


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A JSON-RPC request, the `initialize` of its session, and the agent."""

    request: dict[str, Any]
    hello: dict[str, Any] | None
    """None before it, and in a protocol that has none."""
    caller: Caller

    @classmethod
    def from_json(cls, value: object, plugins: Plugins) -> Self:
        """Check what was sent; raises `InputError`."""
        fields = value if isinstance(value, Mapping) else {}
        request, hello, told = fields.get("request"), fields.get("hello"), fields.get("caller")
        if not _is_request(request):
            raise InputError("request must be a JSON-RPC request")
        if hello is not None and not (_is_request(hello) and hello["method"] == "initialize"):
            raise InputError("hello must be an initialize request")
        if not isinstance(told, Mapping):
            raise InputError("caller must be an object")
        cwd, named = _text(told, "cwd"), normalize_label(_text(told, "project"))
        caller = Caller(
            project=named or plugins.project(cwd or None, {}),
            cwd=cwd or None,
            session=_text(told, "session"),
            call=_text(told, "call"),
        )
        return cls(request=request, hello=hello, caller=caller)


def _is_request(value: object) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(value, dict)
        and isinstance(value.get("method"), str)
        and isinstance(value.get("id"), str | int)
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str | None):
        raise InputError(f"{name} must be string")
    return value or ""
