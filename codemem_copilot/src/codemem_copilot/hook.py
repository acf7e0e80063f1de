"""`codemem copilot-hook HOOK`: what Copilot runs at each hook, and waits for.

It answers a prompt or a new session with memories, then stores the payload.
"""

from __future__ import annotations

import os

from codemem_core.hooks.hook_host import HookHost, Occasion, text_in
from codemem_core.hooks.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codemem_core.api import Settings

_ENDS = frozenset({"agentStop", "sessionEnd"})


class CopilotCli(HookHost):
    """GitHub Copilot CLI: camelCase payloads that do not name their hook."""

    source = "copilot"
    plugin = "codemem_copilot.plugin"
    session_variables = (
        "COPILOT_CLI", "COPILOT_HOOK_", "COPILOT_LOADER_", "COPILOT_PROJECT_", "CLAUDE_PROJECT_",
    )  # fmt: skip
    folder_variable = "COPILOT_PROJECT_DIR"

    def named(self, payload: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
        """Add the hook's name, and where the session's log is, which only agentStop says."""
        hook = arguments[0] if arguments else self.hook(payload)
        session_id = os.path.basename(text_in(payload, "sessionId") or "")
        if hook in _ENDS and session_id and "transcriptPath" not in payload:
            home = os.environ.get("COPILOT_HOME") or os.path.expanduser("~/.copilot")
            path = os.path.join(home, "session-state", session_id, "events.jsonl")
            payload = {**payload, "transcriptPath": path}
        return {**payload, "hookName": hook}

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


HOST = CopilotCli()


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, answer it, store it, and return 0."""
    return run(HOST, arguments)
