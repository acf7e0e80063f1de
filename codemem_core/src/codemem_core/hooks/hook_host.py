"""What hook commands must know of the host that runs them.

On the hook path: plain classes, because `dataclasses` alone costs as much as an empty Python.
"""

from __future__ import annotations

import os

from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings

__all__ = ["HookHost", "Occasion", "Setting", "Settings", "text_in"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_TOTAL_S = 2.0
_CONNECT_S = 1.0
_NEW = frozenset({"startup", "new", "clear"})
_PROCESS = ("PYTHON",)
_PROCESS_TOO = frozenset({"AI_AGENT", "CODEMEM_PROJECT", "OLDPWD", "PWD"})


class Occasion:
    """Why a host asks for context: a session begins, or the user has sent a prompt."""

    __slots__ = (
        "begins", "cwd", "goes_on", "hook", "is_new", "project", "prompt", "session_id", "subagent",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a record, every field by name
        self,
        *,
        hook: str,
        session_id: str,
        cwd: str | None,
        project: str | None = None,
        prompt: str = "",
        begins: bool = False,
        is_new: bool = False,
        goes_on: bool = False,
        subagent: str = "",
    ) -> None:
        self.hook = hook
        """The host's name of the hook."""
        self.session_id = session_id
        self.cwd = cwd
        self.project = project
        """The project's name, where the payload has it."""
        self.prompt = prompt
        """What the user typed, when that is the occasion."""
        self.begins = begins
        """A session begins, or its context does."""
        self.is_new = is_new
        """The model knows nothing yet: not resumed, not compacted."""
        self.goes_on = goes_on
        """The context still holds what was injected before."""
        self.subagent = subagent
        """Id of the subagent whose context it is; empty for the session's own."""


class HookHost:
    """A host whose hooks run commands of codemem; subclass it and say what differs.

    The methods here read payloads of Claude Code's shape, which several hosts send.
    """

    source = ""
    """Name of its ingest source."""
    plugin = ""
    """The plugin module that offers the source; loaded alone when no server answers."""
    path = ""
    """Where the server takes its payloads; empty for `/api/hooks/SOURCE`."""
    context_chars = 9_900
    """Characters of context that reach the model whole."""
    nothing = ""
    """What to print when there is no context; nothing at all when empty."""
    session_variables: tuple[str, ...] = ()
    """How environment variables begin that belong to one session of it."""
    folder_variable = ""
    """The environment variable with the session's own folder."""

    def settings(self) -> Settings:
        """Return the settings that hooks of this host go by."""
        return Settings.load(self.environ())

    def environ(self) -> Mapping[str, str]:
        """Return the environment without what the open project may have put there."""
        return os.environ

    def named(self, payload: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
        """Return the payload with what only the command line says, such as the hook's name."""
        del arguments
        return payload

    def hook(self, payload: Mapping[str, Any]) -> str:
        """Return the host's name of the hook."""
        return text_in(payload, "hook_event_name") or ""

    def total_s(self, hook: str, settings: Settings) -> float:
        """Return how many seconds a hook may take to hand its payload over."""
        del hook, settings
        return _TOTAL_S

    def connect_s(self, settings: Settings) -> float:
        """Return how many seconds the server may take to accept the connection."""
        del settings
        return _CONNECT_S

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Say whether memories are made at this hook; None when it is no end of anything."""
        del hook, settings
        return None

    def shrink(self, payload: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Return a payload that is too large without what nobody needs."""
        return payload

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return what a payload asks context for; None when it asks for none."""
        hook = self.hook(payload)
        # A subagent's prompt is written by the model, which has been told already.
        if hook not in {"SessionStart", "UserPromptSubmit"} or payload.get("agent_id"):
            return None
        begun_by = payload.get("source")
        return Occasion(
            hook=hook,
            session_id=text_in(payload, "session_id") or "",
            cwd=text_in(payload, "cwd"),
            project=text_in(payload, "project"),
            prompt=text_in(payload, "prompt") or "",
            begins=hook == "SessionStart",
            is_new=begun_by in _NEW,
            goes_on=begun_by == "resume",
        )

    def answer(self, occasion: Occasion, context: str) -> Mapping[str, Any]:
        """Return the object to print so that the model reads `context`."""
        output = {"hookEventName": occasion.hook, "additionalContext": context}
        return {"hookSpecificOutput": output}

    def starts_server(self, payload: Mapping[str, Any]) -> bool:
        """Say whether a server is started at this hook when none runs."""
        return self.hook(payload) == "SessionStart"

    def server_environ(
        self, payload: Mapping[str, Any], environ: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the environment without what the session, or its repository, put there."""
        del payload
        own = (*_PROCESS, *self.session_variables)
        return {
            name: value
            for name, value in environ.items()
            if name not in _PROCESS_TOO and not name.startswith(own)
        }


def text_in(payload: Mapping[str, Any], name: str) -> str | None:
    """Return a field of a payload that is text; None when it is something else, or missing."""
    value = payload.get(name)
    return value if isinstance(value, str) else None
