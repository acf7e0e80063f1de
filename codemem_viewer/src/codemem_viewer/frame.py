"""The empty frame that a browser opens, and its files: the same for everybody, without data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException

from codemem_viewer.guard import FILES, is_open
from codemem_viewer.negotiate import render

_FOLDER = Path(__file__).parent / "assets"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_CONTENT = {name: (_FOLDER / name).read_bytes() for name in FILES}
_MODULES = [name for name in FILES if name.endswith(".js")]
_FRAME = render("frame.html", {"modules": _MODULES})


@get(["/", "/{page:path}"], include_in_schema=False)
async def frame(request: Request[Any, Any, Any]) -> Response[str]:
    """Return the frame; its script asks for the page that belongs into it, known or not."""
    if not is_open("GET", request.scope["path"]):
        raise NotFoundException
    return Response(_FRAME, media_type=MediaType.HTML)


@get([f"/assets/{name}" for name in FILES], include_in_schema=False)
async def file(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return a script, a style sheet or the mark."""
    name = request.scope["path"].rpartition("/")[2]
    return Response(_CONTENT[name], media_type=_KINDS[Path(name).suffix] + "; charset=utf-8")


router = Router("/", route_handlers=[frame, file])
