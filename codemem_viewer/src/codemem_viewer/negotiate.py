"""One answer, two forms: a page's HTML for people, the same values as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, StrictUndefined
from litestar import MediaType, Request, Response

from codemem_viewer import text, trust


def _packaged(template: str) -> str | None:
    """Return the text of a template that is named as `package:file.html`."""
    package, colon, name = template.partition(":")
    return (files(package) / "templates" / name).read_text("utf-8") if colon else None


_OURS = FileSystemLoader(Path(__file__).parent / "templates")
_pages = Environment(
    loader=ChoiceLoader([FunctionLoader(_packaged), _OURS]),
    autoescape=True,  # whatever its name says: memory text is never code
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters |= {
    "ago": text.ago,
    "amount": text.amount,
    "around": text.around,
    "bytes": text.bytes_,
    "clock": text.clock,
    "confirming": trust.confirming,
    "count": text.count,
    "day": text.day,
    "dollars": text.dollars,
    "headline": text.headline,
    "iso": text.iso,
    "kind": text.kind,
    "line": text.line,
    "mark": text.mark,
    "markdown": text.markdown,
    "moment": text.moment,
    "numbers": text.numbers,
    "span": text.span,
    "trust": trust.trust,
    "request": text.request,
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
