"""Say in the OpenAPI document what a route reads from its body by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody


def takes(kind: type[msgspec.Struct], *, required: bool = True) -> type[Operation]:
    """Return an operation whose request body is `kind` as JSON."""
    [_], components = msgspec.json.schema_components([kind])
    return takes_schema(components[kind.__name__], required=required)


def takes_schema(schema: dict[str, Any], *, required: bool = True) -> type[Operation]:
    """Return an operation with this JSON schema for its request body."""
    media = OpenAPIMediaType(schema=cast("Any", schema))

    @dataclass
    class WithBody(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content={"application/json": media}, required=required)

    return WithBody
