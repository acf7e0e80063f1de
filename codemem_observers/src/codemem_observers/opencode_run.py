"""Ask a model through `opencode run`, with OpenCode's own providers and login."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from codemem_core.api import ObserveRequest, ObserverError, ObserverReply, TransientError
from codemem_observers.agent_sandbox import TIME_LIMIT_S, Room, ask_agent, failure, new_room
from codemem_observers.child import Ended
from codemem_observers.opencode_config import (
    agent_in_config,
    opencode_folder,
    providers_in_config,
    variables_in,
)
from codemem_observers.providers import counted

if TYPE_CHECKING:
    from codemem_core.api import Settings

_AGENT = "codemem-observer"
_PASSED = ("OPENCODE_API_KEY", "OPENCODE_DISABLE_*", "OPENAI_*", "ANTHROPIC_*", "npm_config_*")
_QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
    # Without a registry it would try again for 75 s at every start.
    "npm_config_fetch_retries": "0",
}


class OpenCodeRun:
    """Runs `opencode run` once for each answer; its agent may use no tool."""

    def __init__(self, settings: Settings, *, limit_s: float = TIME_LIMIT_S) -> None:
        """Keep model and agent; the limit is for one run."""
        self._settings = settings
        self._agent = settings.text("opencode_agent") or _AGENT
        self._model = _full_name(settings.text("opencode_model") or "")
        self._limit_s = limit_s

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Run it with the prompt on standard input; 5xx it repeats by itself until the limit."""
        # --title: or it asks the model for one.
        argv = ["opencode", "run", "--pure", "--agent", self._agent]
        argv += ["--title", "codemem observer", "--format", "json", "--model", self._model]
        config = self._config(request.instructions)
        with new_room() as room:
            own = _home(self._settings.environ, room) | {
                "OPENCODE_DB": os.path.join(room.folder, "opencode.db"),
                "OPENCODE_CONFIG_CONTENT": json.dumps(config),
            }
            ended = ask_agent(
                self._settings,
                argv,
                prompt=request.prompt,
                room=room,
                passed=(*_PASSED, *variables_in(config)),
                extra=_QUIET | own,
                limit_s=self._limit_s,
            )
        return _reply(ended, self._model)

    def _config(self, instructions: str) -> dict[str, Any]:
        """Return its whole configuration: our agent, and the providers the user has."""
        environ = self._settings.environ
        nothing = {"*": "deny"}
        agent = {"mode": "primary", "prompt": instructions, "permission": nothing}
        return {
            **providers_in_config(environ),
            "agent": {self._agent: {**agent_in_config(self._agent, environ), **agent}},
            "autoupdate": False,
            "permission": nothing,
            "share": "disabled",
        }


def _home(environ: Mapping[str, str], room: Room) -> dict[str, str]:
    """Return the variables of a home with the user's logins and caches, and nothing else of theirs.

    `--pure` and `OPENCODE_PURE` leave a second way to load plugins open (measured on 1.18.33: the
    user's ran in 7 of 10 runs), and stop no MCP server. An empty configuration folder has neither,
    nor instructions, agents and skills.
    """
    user = environ.get("HOME") or os.path.expanduser("~")
    kept = {
        variable: os.path.dirname(opencode_folder(environ, variable, usual))
        for variable, usual in (
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_STATE_HOME", ".local/state"),
        )
    }
    npmrc = environ.get("npm_config_userconfig") or os.path.join(user, ".npmrc")
    config = os.path.join(room.folder, "config")
    own = {"HOME": room.folder, "XDG_CONFIG_HOME": config}
    return kept | own | {"npm_config_userconfig": npmrc}


def _full_name(model: str) -> str:
    """Return `provider/model`; OpenCode knows no bare names."""
    if "/" in model:
        return model
    return f"{'anthropic' if model.startswith('claude') else 'openai'}/{model}"


def _reply(ended: Ended, model: str) -> ObserverReply:
    said: list[str] = []
    used = {"tokens_in": 0, "tokens_cached": 0, "tokens_out": 0}
    for line in _lines(ended.output):
        if line.get("type") == "error":
            raise _failure(line, model)
        part = line.get("part")
        part = part if isinstance(part, Mapping) else {}
        if line.get("type") == "text" and isinstance(part.get("text"), str):
            said.append(part["text"])
        if line.get("type") == "step_finish":
            for name, count in _used(part.get("tokens")).items():
                used[name] += count
    if ended.code != 0:
        raise TransientError(f"`opencode` failed for model `{model}`")
    if not "".join(said).strip():
        raise TransientError("`opencode` gave an empty answer").at_a_cost()
    return ObserverReply(
        text="".join(said),
        model=model,
        tokens_in=used["tokens_in"],
        tokens_cached=used["tokens_cached"],
        tokens_out=used["tokens_out"],
    )


def _used(tokens: object) -> dict[str, int]:
    """Return one step's counters; OpenCode counts cached and reasoning tokens apart."""
    given = tokens if isinstance(tokens, Mapping) else {}
    cache = given.get("cache")
    cache = cache if isinstance(cache, Mapping) else {}
    cached = counted(cache.get("read"))
    return {
        "tokens_in": counted(given.get("input")) + cached + counted(cache.get("write")),
        "tokens_cached": cached,
        "tokens_out": counted(given.get("output")) + counted(given.get("reasoning")),
    }


def _lines(output: bytes) -> Iterator[Mapping[str, Any]]:
    for line in output.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _failure(line: Mapping[str, Any], model: str) -> ObserverError:
    error = line.get("error")
    data = error.get("data") if isinstance(error, Mapping) else None
    status = counted(data.get("statusCode")) if isinstance(data, Mapping) else 0
    # Without a status the request never left: an unknown model or provider, which stays unknown.
    message = f"`opencode` failed ({status or 'before it asked'}) for model `{model}`"
    return failure(status or 404, message)
