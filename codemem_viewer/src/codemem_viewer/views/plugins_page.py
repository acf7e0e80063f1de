"""Plugins: what is installed, what it offers, and how to switch it off."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.plugin import PluginInfo
from codemem_viewer.negotiate import shown


@get("/api/pages/plugins", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    plugins: NamedDependency[Plugins],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show every plugin that was found, blocked and failed ones too, and how to switch it."""
    listed = [asdict(each) | _switch(each, settings) for each in plugins.listing()]
    return shown(request, "plugins.html", {"plugins": listed})


def _switch(plugin: PluginInfo, settings: Settings) -> dict[str, Any]:
    """Return the line that switches a plugin on or off, and what else has to be known for it.

    Read-only here: whoever reaches the server over HTTP must not choose what code it runs.
    """
    off = settings.names("disabled_plugins")
    if plugin.name in off:
        left = [name for name in off if name != plugin.name]
        return {"switch": _set(left), "verb": "Switch it on"}
    if plugin.name in BUILTIN or plugin.state == "blocked":
        return {"switch": "", "verb": ""}
    return {"switch": _set([*off, plugin.name]), "verb": "Switch it off"}


def _set(names: list[str]) -> str:
    if not names:
        return "codemem config unset disabled_plugins"
    return f"codemem config set disabled_plugins {','.join(names)}"


BUILTIN = frozenset({"builtin"})
"""Codemem itself: without it there is nothing to switch."""


router = Router("/", route_handlers=[page], tags=["pages"])
