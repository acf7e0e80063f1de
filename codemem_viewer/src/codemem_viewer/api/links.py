"""Codes for links, and the keys that a browser's tab gets for them."""

from __future__ import annotations

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_viewer.decode import body_of
from codemem_viewer.keys import Keys
from codemem_viewer.openapi import takes


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """What the fragment of a link holds."""

    code: str


@post("/api/links", status_code=200, sync_to_thread=False)
def new_link(keys: NamedDependency[Keys]) -> dict[str, str]:
    """Return a code for a link to the pages: `#code=…`, good once and for ten minutes."""
    return {"code": keys.new_code()}


@post("/api/links/open", status_code=200, operation_class=takes(Code))
async def open_link(body: RawBody, keys: NamedDependency[Keys]) -> Response[dict[str, str]]:
    """Return a key for a code; it is good until the server stops. 401 for a used or old code."""
    key = keys.exchange(body_of(Code, body).code)
    if key is None:
        refusal = {
            "error": "this link was opened before, or is older than ten minutes",
            "hint": "`codemem open` makes another",
        }
        return Response(refusal, status_code=401)
    return Response({"key": key})


router = Router("/", route_handlers=[new_link, open_link], tags=["pages"])
