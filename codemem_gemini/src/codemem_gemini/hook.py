"""`codemem gemini-hook`: what Gemini CLI runs at each hook of ours, and waits for.

It answers a prompt or a new session with memories, then stores the payload.
"""

from __future__ import annotations

import os

from codemem_core.hooks.hook_host import HookHost, Occasion, text_in
from codemem_core.hooks.run import run
from codemem_gemini.project_env import users_environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from codemem_core.api import Settings

_OPEN, _CLOSE = "<hook_context>", "</hook_context>"


class GeminiCli(HookHost):
    """Gemini CLI: Claude Code's payloads under other names of hooks."""

    source = "gemini"
    plugin = "codemem_gemini.plugin"
    nothing = "{}"
    session_variables = (
        "GEMINI_SESSION_",
        "GEMINI_PROJECT_",
        "GEMINI_PLANS_",
        "GEMINI_CWD",
        "GEMINI_CLI",
        "CLAUDE_PROJECT_",
    )
    folder_variable = "GEMINI_PROJECT_DIR"

    def environ(self) -> Mapping[str, str]:
        """Return the environment without what the project's `.env` put there."""
        return users_environ(os.environ, cwd=os.getcwd())

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Ask for memories at the end of a session."""
        del settings
        return {"AfterAgent": False, "SessionEnd": True}.get(hook)

    def shrink(self, payload: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Leave out the whole old and new file that an edit sends along: the diff says it all."""
        response = payload.get("tool_response") if isinstance(payload, dict) else None
        display = response.get("returnDisplay") if isinstance(response, dict) else None
        if not isinstance(response, dict) or not isinstance(display, dict):
            return payload
        kept = {k: v for k, v in display.items() if k not in {"originalContent", "newContent"}}
        return {**payload, "tool_response": {**response, "returnDisplay": kept}}

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return what a payload asks context for."""
        hook, begun_by = self.hook(payload), payload.get("source")
        if hook not in {"SessionStart", "BeforeAgent"}:
            return None
        return Occasion(
            hook=hook,
            session_id=text_in(payload, "session_id") or "",
            cwd=text_in(payload, "cwd"),
            prompt=_typed(text_in(payload, "prompt") or ""),
            begins=hook == "SessionStart",
            is_new=begun_by in {"startup", "clear"},
            goes_on=begun_by == "resume",
        )


def _typed(prompt: str) -> str:
    """Return what the user typed: the first prompt begins with what SessionStart answered."""
    if prompt.startswith(_OPEN):
        return prompt.rpartition(_CLOSE)[2].strip()
    return prompt


HOST = GeminiCli()


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, answer it, store it, and return 0."""
    return run(HOST, arguments)
