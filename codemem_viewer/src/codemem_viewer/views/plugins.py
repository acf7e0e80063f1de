"""Plugins: what is installed, what it offers, and how to switch it off."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from codemem_core.plugins import Plugins
from codemem_viewer.shown import shown


@get("/api/pages/plugins", sync_to_thread=True)
def page(request: Request[Any, Any, Any], plugins: NamedDependency[Plugins]) -> Response[Any]:
    """Show every plugin that was found, blocked and failed ones too."""
    return shown(request, "plugins.html", {"plugins": plugins.listing()})


router = Router("/", route_handlers=[page], tags=["pages"])
