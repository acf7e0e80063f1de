"""What OpenCode's configuration says of the user's own providers.

Only the file in the user's configuration folder counts. A repository may bring an `opencode.json`
of its own, and could name its own server there for the user's key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codemem_core.api import jsonc
from codemem_observers.auth.file import read_small

_FILES = ("opencode.json", "opencode.jsonc")
_FILE = re.compile(r"\{file:([^{}]+)\}")
_VARIABLE = re.compile(r"\{env:(\w+)\}|\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A provider of the user's own; empty texts are what the configuration does not say."""

    base_url: str
    key: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    package: str
    """OpenCode's client library for it, such as `@ai-sdk/openai-compatible`."""
    models: Mapping[str, str]
    """The user's names of its models -> the names it knows them by; the default first."""


def read_config(environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the user's OpenCode configuration; empty when there is none that can be read."""
    folder = opencode_folder(environ, "XDG_CONFIG_HOME", ".config")
    for name in _FILES:
        try:
            found = jsonc.loads(read_small(os.path.join(folder, name)).decode("utf-8-sig"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
    return {}


def providers_in_config(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what of the user's configuration names providers, as OpenCode reads it anywhere.

    `{file:…}` gets whole paths: it is meant from where the user wrote it.
    """
    found = read_config(environ)
    return {
        name: _each_text(found[name], lambda text: _anchored(text, environ))
        for name in ("provider", "enabled_providers", "disabled_providers")
        if name in found
    }


def agent_in_config(name: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return how the user's agent of that name asks its model; nothing of what it may do."""
    agent = _object(_object(read_config(environ).get("agent")).get(name))
    return {key: agent[key] for key in ("temperature", "top_p", "options") if key in agent}


def variables_in(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the environment variables that a configuration reads."""
    return re.findall(r"\{env:(\w+)\}", json.dumps(config, ensure_ascii=False))


def custom_provider(name: str, environ: Mapping[str, str]) -> Custom | None:
    """Return the provider of that name, with variables and files filled in; None if unknown."""
    given = _object(_object(read_config(environ).get("provider")).get(name))
    if not given:
        return None
    options = _object(given.get("options"))
    headers = {k: _filled(v, environ) for k, v in _object(options.get("headers")).items()}
    return Custom(
        base_url=_first(environ, options, "baseURL", "baseUrl", "base_url")
        or _first(environ, given, "base_url"),
        key=_first(environ, options, "apiKey")
        or _first(environ, given, "apiKey")
        or environ.get(_first(environ, options, "apiKeyEnv", "api_key_env"), "").strip(),
        headers={name: value for name, value in headers.items() if value},
        package=_first(environ, given, "npm"),
        models=_models(given),
    )


def stored_login(provider: str, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what OpenCode stored when the user logged in to a provider; empty for nothing."""
    path = os.path.join(opencode_folder(environ, "XDG_DATA_HOME", ".local/share"), "auth.json")
    try:
        return _object(_object(jsonc.loads(read_small(path).decode())).get(provider))
    except (OSError, ValueError):
        return {}


def opencode_folder(environ: Mapping[str, str], variable: str, usual: str) -> str:
    """Return OpenCode's folder of one kind: below `variable`, else below `usual` in the home."""
    base = environ.get(variable, "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), usual)
    return os.path.join(base, "opencode")


def _models(given: Mapping[str, Any]) -> dict[str, str]:
    """Return short name -> the provider's own name, the default model first."""
    found = {
        short: str(_object(model).get("id") or short)
        for short, model in _object(given.get("models")).items()
    }
    default = given.get("defaultModel")
    if isinstance(default, str) and default:
        short = default.rpartition("/")[2]
        return {short: found.pop(short, short)} | found
    return found


def _first(environ: Mapping[str, str], place: Mapping[str, Any], *names: str) -> str:
    return next(filter(None, (_filled(place.get(name), environ) for name in names)), "")


def _filled(value: object, environ: Mapping[str, str]) -> str:
    """Fill in `{file:PATH}`, `{env:NAME}` and `$NAME`; what is not there becomes nothing.

    What a file or variable holds is taken as it is: it is not looked through again.
    """
    if not isinstance(value, str):
        return ""
    parts = re.split(r"(\{file:[^{}]+\})", value)
    filled = (_content(part, environ) or _expanded(part, environ) for part in parts)
    return "".join(filled).strip()


def _content(part: str, environ: Mapping[str, str]) -> str:
    found = _FILE.fullmatch(part)
    if not found:
        return ""
    try:
        return read_small(_whole(found[1], environ)).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _anchored(text: str, environ: Mapping[str, str]) -> str:
    return _FILE.sub(lambda found: f"{{file:{_whole(found[1], environ)}}}", text)


def _whole(path: str, environ: Mapping[str, str]) -> str:
    """Return the path of a `{file:…}`: `~` is the home, a relative one counts from the file."""
    home = environ.get("HOME") or os.path.expanduser("~")
    path = re.sub(r"^~(?=/)", lambda _: home, path)
    return os.path.join(opencode_folder(environ, "XDG_CONFIG_HOME", ".config"), path)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value with every text in it changed, but for the names of fields."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _each_text(item, change) for name, item in value.items()}
    return value


def _expanded(part: str, environ: Mapping[str, str]) -> str:
    if _FILE.fullmatch(part):
        return ""
    return _VARIABLE.sub(lambda found: environ.get(found[1] or found[2] or found[3], ""), part)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
