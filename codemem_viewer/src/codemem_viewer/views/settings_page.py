"""Settings: what is in effect, where it comes from, and what may be changed here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency

from codemem_core.config.catalog import by_section
from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_viewer import text
from codemem_viewer.editable import AFTER_RESTART, EDITABLE, command_line, listing, visible
from codemem_viewer.negotiate import shown


@get("/api/pages/settings", sync_to_thread=True)
def page(
    request: Request[Any, Any, Any],
    plugins: NamedDependency[Plugins],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show every setting by theme."""
    sections = by_section(plugins.settings().values())
    shown_sections = [_section(settings, name, each) for name, each in sections.items() if each]
    # What can be changed here, or was changed somewhere, comes before what is as it always is.
    shown_sections.sort(key=lambda section: not section["open"])
    values = listing(settings) | {"sections": shown_sections}
    return shown(request, "settings.html", values)


def _section(settings: Settings, name: str, section: Iterable[Setting]) -> dict[str, Any]:
    rows = [_row(settings, setting) for setting in section]
    is_open = [row["editable"] or row["where"] != "default" for row in rows]
    return {
        "name": name,
        "open": [row for row, here in zip(rows, is_open, strict=True) if here],
        "folded": [row for row, here in zip(rows, is_open, strict=True) if not here],
    }


def _row(settings: Settings, setting: Setting) -> dict[str, Any]:
    where = settings.where(setting.key)
    return {
        "key": setting.key,
        "env": setting.env,
        "kind": setting.kind,
        "help": setting.help,
        "status": setting.status,
        "value": _said(setting, settings.value(setting.key), is_set=where != "default"),
        "default": _said(setting, setting.default, is_set=False),
        "said": _in_words(setting, settings.value(setting.key)),
        "where": where,
        "least": setting.least,
        "editable": setting.key in EDITABLE and where != "environment",
        "restart": setting.key in AFTER_RESTART,
        "command": command_line(setting),
    }


_SECOND_MS = 1_000


def _in_words(setting: Setting, value: object) -> str:
    """Return milliseconds as a person counts them, empty for anything else."""
    is_time = setting.key.endswith("_ms") and isinstance(value, int | float)
    return f"{text.span(float(str(value)))}" if is_time and float(str(value)) >= _SECOND_MS else ""


def _said(setting: Setting, value: object, *, is_set: bool) -> str:
    """Return a value in the form in which it is written."""
    if setting.secret:
        return "set, not shown" if is_set else ""
    value = visible(setting, value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


router = Router("/", route_handlers=[page], tags=["pages"])
