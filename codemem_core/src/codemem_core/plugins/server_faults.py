"""What the running server knows of its plugins: faults count where they happen."""

from __future__ import annotations

import json
from dataclasses import replace

from codemem_core import paths
from codemem_core.hookpath import client
from codemem_core.records.plugin import PluginInfo

_PATH = "/api/pages/plugins"
_WAIT_S = 1.0


def with_faults(listing: list[PluginInfo], database: str) -> list[PluginInfo]:
    """Return the listing with what went wrong in the server of a database, if one answers."""
    told = _told(paths.socket_path(database))
    return [
        replace(info, problem=f"in the server: {told[info.name]}")
        if not info.problem and told.get(info.name)
        else info
        for info in listing
    ]


def _told(socket: str) -> dict[str, str]:
    try:
        status, body = client.get(socket, _PATH, total_s=_WAIT_S)
        listed = json.loads(body)["plugins"] if status == 200 else []
        return {str(each["name"]): str(each["problem"]) for each in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
