"""Settings over HTTP: all that is no secret to read, a few harmless ones to write."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError, SettingsError
from codemem_viewer import editable
from codemem_viewer.decode import json_object
from codemem_viewer.live import Live, News
from codemem_viewer.openapi import takes_schema

_PROVIDERS = ("anthropic", "openai")
_BODY = takes_schema(
    {"type": "object", "description": "Settings by key; null takes one out of the file."}
)


@get("/api/config", sync_to_thread=True)
def read(settings: NamedDependency[Settings]) -> dict[str, Any]:
    """Show the settings without their secrets."""
    return editable.listing(settings) | {"providers": _providers(settings)}


@post("/api/config", status_code=200, operation_class=_BODY)
async def write(
    body: RawBody, settings: NamedDependency[Settings], live: NamedDependency[Live]
) -> Response[dict[str, Any]]:
    """Set harmless settings; 403, with the command line that does it, for any other."""
    values: Any = json_object(body)
    if "config" in values:
        values = values["config"]
    if not isinstance(values, dict):
        raise InputError("config must be an object")
    try:
        effects = await asyncio.to_thread(editable.change, settings, values)
    except editable.Forbidden as error:
        return Response({"error": str(error), "hint": error.hint}, status_code=403)
    except SettingsError as error:
        return Response({"error": str(error).partition(": `")[0]}, status_code=500)
    live.tell(News("settings", {"keys": effects["saved_keys"]}))
    shown = editable.listing(settings)
    kept = {name: shown[name] for name in ("path", "config", "effective")}
    return Response({"said": _said(effects), **kept, "effects": effects}, status_code=200)


def _said(effects: dict[str, Any]) -> str:
    if effects["warnings"]:
        return f"Saved, but {effects['warnings'][0]}"
    if effects["restart_required_keys"]:
        return "Saved; it counts after `codemem serve restart`"
    return "Saved"


def _providers(settings: Settings) -> list[str]:
    return sorted({*_PROVIDERS, settings.text("observer_provider") or "openai"})


router = Router("/", route_handlers=[read, write], tags=["config"])
