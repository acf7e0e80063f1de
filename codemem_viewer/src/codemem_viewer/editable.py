"""Which settings may be set over HTTP: those that can only make codemem do more or less."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from codemem_core.config import file
from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.redact import redact

AT_ONCE = frozenset(
    {
        "claude_hook_flush",
        "claude_hook_flush_on_stop",
        "inject_brief",
        "inject_context",
        "inject_limit",
        "inject_max_chars",
        "inject_token_budget",
        "observer_max_chars",
        "observer_max_tokens",
        "observer_model",
    }
)
"""Asked for whenever it is needed, by hooks or by the server."""
AFTER_RESTART = frozenset(
    {
        "raw_events_auto_flush",
        "raw_events_debounce_ms",
        "raw_events_sweeper",
        "raw_events_sweeper_idle_ms",
        "raw_events_sweeper_interval_ms",
        "raw_events_sweeper_interval_s",
        "raw_events_worker_max_events",
    }
)
"""Asked for once, when the server starts."""
EDITABLE = AT_ONCE | AFTER_RESTART
"""A list, not a rule: a new setting is closed until somebody has thought about it.

Nothing that names a command, an address, a header, a file or a plugin belongs here: whoever reaches
the server could run code with it.
"""
_MAX_CHARS = 200


class Forbidden(CodememError):
    """A setting that only the command line may change; the hint is that line."""


def change(settings: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """Write settings to the config file; return what became of each.

    Unknown keys are ignored. Raises `Forbidden`, `InputError` (nothing is written then) and
    `SettingsError`.
    """
    known = {setting.key: setting for setting in settings.all()}
    wanted = {key: value for key, value in values.items() if key in known}
    for key in wanted:
        if key not in EDITABLE:
            raise Forbidden(f"`{key}` is not set over HTTP", hint=command_line(known[key]))
    checked = {key: _checked(known[key], value) for key, value in wanted.items()}
    before = {key: settings.value(key) for key in checked}
    if checked:
        file.change(settings, checked)
    changed = [key for key in checked if settings.value(key) != before[key]]
    ignored = [key for key in checked if settings.where(key) == "environment"]
    return {
        "saved_keys": list(checked),
        "effective_keys": changed,
        "hot_reloaded_keys": [key for key in changed if key in AT_ONCE],
        "live_applied_keys": [],
        "restart_required_keys": [key for key in changed if key in AFTER_RESTART],
        "ignored_by_env_keys": ignored,
        "warnings": [f"{known[key].env} is set and wins over `{key}`" for key in ignored],
        "manual_actions": [],
    }


def _checked(setting: Setting, value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str | int | float | bool) or len(str(value)) > _MAX_CHARS:
        raise InputError(f"{setting.key} is not a plain value")
    if isinstance(value, str) and not value.isprintable():
        raise InputError(f"{setting.key} has unprintable characters")
    try:
        return setting.parse(value)
    except CodememError as error:
        raise InputError(f"{setting.key} {error}") from None


def command_line(setting: Setting) -> str:
    """Return the line that sets what HTTP may not."""
    return f"codemem config set {setting.key} {_EXAMPLES.get(setting.kind, 'VALUE')}"


_EXAMPLES = {
    "argv": shlex.quote('["command", "argument"]'),
    "mapping": shlex.quote('{"Name": "…"}'),
}


def visible(setting: Setting, value: object) -> object:
    """Return a value as it may be shown: None for a secret, and no secret inside another."""
    if setting.secret:
        return None
    shown, _ = redact({setting.key: value})
    return shown[setting.key]


def listing(settings: Settings) -> dict[str, Any]:
    """Return every setting: in the file, by default, in effect, from the environment."""
    every = settings.all()
    by_source = {
        where: {
            each.key: visible(each, settings.value(each.key))
            for each in every
            if settings.where(each.key) == where
        }
        for where in ("file", "environment")
    }
    return {
        "path": settings.file or os.path.expanduser("~/.config/codemem/config.json"),
        "config": by_source["file"],
        "defaults": {each.key: visible(each, each.default) for each in every},
        "effective": {each.key: visible(each, settings.value(each.key)) for each in every},
        "env_overrides": by_source["environment"],
        "secrets_set": [e.key for e in every if e.secret and settings.where(e.key) != "default"],
        "problems": settings.problems,
    }
