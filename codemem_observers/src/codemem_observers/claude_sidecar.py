"""Ask a model through the local Claude command line, with its own login."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codemem_core.api import (
    Misconfigured,
    ObserveRequest,
    ObserverError,
    ObserverReply,
    TransientError,
)
from codemem_observers.agent_sandbox import TIME_LIMIT_S, ask_agent, failure, new_room
from codemem_observers.child import Ended
from codemem_observers.claude_login import login_settings, login_variables
from codemem_observers.providers import counted

if TYPE_CHECKING:
    from codemem_core.api import Settings

_DEFAULT_MODEL = "claude-4.5-haiku"
# No tools, MCP servers, hooks, settings, slash commands or session file; measured on 2.1.197 and
# 2.1.330. A flag stands after `--tools ""`: that one would take a bare argument for a tool.
_CONTAINED = (
    *("-p", "--output-format", "json", "--no-session-persistence", "--tools", ""),
    *("--setting-sources", "", "--strict-mcp-config", "--disable-slash-commands"),
)
_QUIET = {
    # Left alone it tries 11 times within 175 s; our queue has a longer memory than that.
    "CLAUDE_CODE_MAX_RETRIES": "0",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}
# A gateway says in a status of its own that it has no such model, or not for this key.
_REFUSING = frozenset({400, 403, 422})
_REFUSED = (
    *("not exist", "not found", "not_found", "no such", "unknown", "unrecognized", "invalid"),
    *(
        "not supported",
        "unsupported",
        "not available",
        "no access",
        "not allowed",
        "not have access",
    ),
)
_WORDS = 2_000
"""Characters of an error that are looked at; the reason stands in its beginning."""
_SIGNS = (
    # Without a status the words decide; a reply to the prompt never gets here.
    (404, ("selected model", "not_found_error")),
    (401, ("not logged in", "/login", "invalid api key", "failed to authenticate", "oauth token")),
    (429, ("limit reached", "hit your", "rate limit", "usage limit", "credit balance")),
)


class _ModelRefused(Misconfigured):
    """The command line does not know the model, or may not use it."""


class ClaudeSidecar:
    """Runs `claude -p` once for each answer, as a program without hands."""

    def __init__(self, settings: Settings, *, limit_s: float = TIME_LIMIT_S) -> None:
        """Keep the command; the limit is for one run."""
        self._settings = settings
        self._command = settings.argv("claude_command") or ["claude"]
        self._limit_s = limit_s
        self._refused: set[str] = set()

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Ask; when the model is refused, ask once more for the command line's own choice."""
        model = request.model
        if model and model not in self._refused:
            try:
                return self._ask(request, model)
            except _ModelRefused:
                reply = self._ask(request, None)
                self._refused.add(model)
                return reply
        return self._ask(request, None)

    def _ask(self, request: ObserveRequest, model: str | None) -> ObserverReply:
        argv = [*self._command, *_CONTAINED, "--system-prompt", request.instructions]
        if model:
            argv += ["--model", model]
        if model == _DEFAULT_MODEL:
            # Not every release knows the documented name, and its own choice is the dearest model.
            argv += ["--fallback-model", "haiku"]
        environ = self._settings.environ
        with new_room() as room:
            if login := login_settings(environ):
                # In a file: a command may name a secret, and arguments are everybody's to read.
                place = os.path.join(room.folder, "login.json")
                with open(place, "w", encoding="utf-8") as file:
                    json.dump(login, file)
                argv += ["--settings", place]
            ended = ask_agent(
                self._settings,
                argv,
                prompt=_as_text(request.prompt),
                room=room,
                passed=(),
                extra=login_variables(environ) | _QUIET,
                limit_s=self._limit_s,
            )
        return _reply(ended, model)


def _as_text(prompt: str) -> str:
    """Keep a prompt from being a command: `/clear` is one, `--disable-slash-commands` or not."""
    is_command = prompt.lstrip().startswith(("/", "!", "#"))
    return f"The recording:\n\n{prompt}" if is_command else prompt


def _reply(ended: Ended, model: str | None) -> ObserverReply:
    """Return the answer on standard output; errors stand there too."""
    result = _result(ended.output)
    if result is None and ended.code == 0 and ended.output.strip():
        return ObserverReply(text=ended.output.decode(errors="replace"), model=model)
    if result is None or result.get("is_error") or ended.code != 0:
        raise _failure(result or {"result": ended.output.decode(errors="replace")}, model)
    text = result.get("result")
    if not isinstance(text, str) or not text.strip():
        raise TransientError("`claude` gave an empty answer").at_a_cost()
    usage = result.get("usage")
    used = usage if isinstance(usage, Mapping) else {}
    cost = result.get("total_cost_usd")
    models = result.get("modelUsage")
    return ObserverReply(
        text=text,
        model=next(iter(models), model) if isinstance(models, Mapping) else model,
        tokens_in=sum(
            counted(used.get(name))
            for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        ),
        tokens_cached=counted(used.get("cache_read_input_tokens")),
        tokens_out=counted(used.get("output_tokens")),
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
    )


def _result(output: bytes) -> Mapping[str, Any] | None:
    """Return the last `result` object among the lines of output."""
    for line in reversed(output.splitlines()):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list) and value:  # how `--verbose` writes it
            value = value[-1]
        if isinstance(value, dict) and value.get("type") == "result":
            return value
    return None


def _failure(result: Mapping[str, Any], model: str | None) -> ObserverError:
    """Return the error class, telling no word of what the command line said."""
    status = counted(result.get("api_error_status"))
    words = str(result.get("result", ""))[:_WORDS].lower()
    status = status or next((code for code, signs in _SIGNS if any(s in words for s in signs)), 0)
    message = f"`claude` failed ({status or 'no reason'}) for model `{model or 'default'}`"
    return _ModelRefused(message) if _is_refusal(status, words) else failure(status, message)


def _is_refusal(status: int, words: str) -> bool:
    """Say whether it was the model's name that was refused: 404, or a gateway's words for it."""
    if status == 404:
        return True
    return status in _REFUSING and "model" in words and any(sign in words for sign in _REFUSED)
