"""One answer, two forms: a page's HTML for people, the same values as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response

from codemem_viewer import text

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,  # whatever its name says: memory text is never code
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters |= {
    "ago": text.ago,
    "amount": text.amount,
    "bytes": text.bytes_,
    "count": text.count,
    "day": text.day,
    "dollars": text.dollars,
    "iso": text.iso,
    "markdown": text.markdown,
    "moment": text.moment,
    "numbers": text.numbers,
}


def shown(
    request: Request[Any, Any, Any], template: str, values: Mapping[str, Any]
) -> Response[Any]:
    """Return `values` rendered by `template` when HTML is asked for, else as JSON."""
    if "text/html" in request.headers.get("accept", ""):
        return Response(render(template, values), media_type=MediaType.HTML, status_code=200)
    return Response(dict(values), media_type=MediaType.JSON, status_code=200)


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template of ours, filled in."""
    return _pages.get_template(template).render(values)
