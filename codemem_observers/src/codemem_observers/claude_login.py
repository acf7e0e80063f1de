"""How the user is logged in to Claude, as their own settings say.

The observer's Claude reads no settings: they could bring hooks, servers and permissions. What a
login needs is taken out of the user's own file, never a project's, and given to it alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from codemem_core.api import jsonc
from codemem_observers.auth.file import read_small

_SETTINGS = ("apiKeyHelper", "awsAuthRefresh", "awsCredentialExport", "forceLoginMethod")
_ALWAYS = ("ANTHROPIC_*", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN")
_HELPER = ("CLAUDE_CODE_API_KEY_HELPER_TTL_MS",)
_CLOUDS = {
    "CLAUDE_CODE_USE_BEDROCK": ("AWS_*",),
    "CLAUDE_CODE_USE_VERTEX": ("CLOUD_ML_*", "GOOGLE_*"),
}


def login_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the user's settings that fetch a credential; empty when there are none."""
    found = _settings(environ)
    return {name: found[name] for name in _SETTINGS if name in found}


def login_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a login, of the settings' `env` and of `environ`.

    As in Claude itself the settings win. A cloud's own come along only when Claude is to run there.
    """
    given = _settings(environ).get("env")
    own = {k: v for k, v in given.items() if isinstance(v, str)} if isinstance(given, dict) else {}
    known = {**environ, **own}
    clouds = [name for switch, names in _CLOUDS.items() if known.get(switch) for name in names]
    wanted = (*_ALWAYS, *_HELPER, *_CLOUDS, *clouds)
    prefixes = tuple(name[:-1] for name in wanted if name.endswith("*"))
    return {k: v for k, v in known.items() if k in wanted or k.startswith(prefixes)}


def _settings(environ: Mapping[str, str]) -> Mapping[str, Any]:
    folder = environ.get("CLAUDE_CONFIG_DIR", "")
    if not os.path.isabs(folder):
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".claude")
    try:
        found = jsonc.loads(read_small(os.path.join(folder, "settings.json")).decode())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
