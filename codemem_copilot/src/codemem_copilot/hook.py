"""`codemem copilot-hook HOOK`: what Copilot runs at each hook, and waits for.

It answers a prompt or a new session with memories, then stores the payload.
"""

from __future__ import annotations

import os
import time

from codemem_core.hooks.hook_host import HookHost, Occasion, text_in
from codemem_core.hooks.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codemem_core.api import Settings

_ENDS = frozenset({"agentStop", "sessionEnd"})
_LOG_WAIT_S = 0.4
"""Copilot writes its log about 0.1 s after something happened."""
_LOG_LOOK_S = 0.01
_LOG_TAIL_BYTES = 65_536


class CopilotCli(HookHost):
    """GitHub Copilot CLI: camelCase payloads that do not name their hook."""

    source = "copilot"
    plugin = "codemem_copilot.plugin"
    session_variables = (
        "COPILOT_CLI", "COPILOT_HOOK_", "COPILOT_LOADER_", "COPILOT_PROJECT_", "CLAUDE_PROJECT_",
    )  # fmt: skip
    folder_variable = "COPILOT_PROJECT_DIR"

    def named(self, payload: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
        """Add the hook's name; at an end, name the log and let Copilot write it."""
        hook = arguments[0] if arguments else self.hook(payload)
        if hook not in _ENDS:
            return {**payload, "hookName": hook}
        path = text_in(payload, "transcriptPath") or _log_path(payload)
        _wait_for(path, str(payload.get("timestamp")))
        return {**payload, "hookName": hook, "transcriptPath": path}

    def hook(self, payload: Mapping[str, Any]) -> str:
        """Return the name of the hook."""
        return text_in(payload, "hookName") or ""

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Ask for memories at the end of a session."""
        del settings
        return hook == "sessionEnd" if hook in _ENDS else None

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return what a payload asks context for."""
        hook = self.hook(payload)
        if hook not in {"sessionStart", "userPromptSubmitted"}:
            return None
        return Occasion(
            hook=hook,
            session_id=text_in(payload, "sessionId") or "",
            cwd=text_in(payload, "cwd"),
            prompt=text_in(payload, "prompt") or "",
            begins=hook == "sessionStart",
            is_new=payload.get("source") == "new",
            goes_on=payload.get("source") == "resume",
        )

    def answer(self, occasion: Occasion, context: str) -> Mapping[str, Any]:
        """Return the context as Copilot reads it: nested as in Claude Code it is ignored."""
        del occasion
        return {"additionalContext": context}

    def starts_server(self, payload: Mapping[str, Any]) -> bool:
        """Start one when a session begins."""
        return self.hook(payload) == "sessionStart"


def _log_path(payload: Mapping[str, Any]) -> str:
    """Return where the session's log is, which only agentStop says itself."""
    session_id = os.path.basename(text_in(payload, "sessionId") or "") or "none"
    folder = os.environ.get("COPILOT_HOME") or os.path.expanduser("~/.copilot")
    return os.path.join(folder, "session-state", session_id, "events.jsonl")


def _wait_for(path: str, mark: str) -> None:
    """Wait until the log tells of this very hook, by its time: then it tells what went before."""
    give_up = time.monotonic() + _LOG_WAIT_S
    while time.monotonic() < give_up:
        try:
            with open(path, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_TAIL_BYTES))
                if mark.encode() in file.read(_LOG_TAIL_BYTES):
                    return
        except OSError:
            pass  # a short session has none yet
        time.sleep(_LOG_LOOK_S)


HOST = CopilotCli()


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, answer it, store it, and return 0."""
    return run(HOST, arguments)
