"""What differs from host to host in a hook, for Claude Code."""

from __future__ import annotations

import os

from codemem_core.hooks.hook_host import HookHost, Occasion, Setting, Settings, text_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LAST_S = 1.2
"""Claude Code ends a SessionEnd hook after 1.5 s, whatever the plugin asks for."""

SETTINGS = (
    Setting(
        "claude_hook_http_connect_timeout_s",
        "CODEMEM_CLAUDE_HOOK_HTTP_CONNECT_TIMEOUT_S",
        kind="real",
        default=1.0,
        least=0,
        section="Claude Code",
        help="Seconds a hook waits for the server to accept the connection.",
    ),
    Setting(
        "claude_hook_http_max_time_s",
        "CODEMEM_CLAUDE_HOOK_HTTP_MAX_TIME_S",
        kind="real",
        default=2.0,
        least=0,
        section="Claude Code",
        help="Seconds a hook waits for the server in all.",
    ),
    Setting(
        "claude_hook_context_dir",
        "CODEMEM_CLAUDE_HOOK_CONTEXT_DIR",
        kind="path",
        default="~/.codemem/claude-hook-context",
        status="without effect: the database knows them",
        section="Claude Code",
        help="Where older releases remembered a session's prompts and changed files.",
    ),
    Setting(
        "claude_hook_flush",
        "CODEMEM_CLAUDE_HOOK_FLUSH",
        kind="flag",
        default=True,
        section="Claude Code",
        help="Turn a session into memories as soon as it ends.",
    ),
    Setting(
        "claude_hook_flush_on_stop",
        "CODEMEM_CLAUDE_HOOK_FLUSH_ON_STOP",
        kind="flag",
        default=False,
        section="Claude Code",
        help="Also after every turn (`Stop`).",
    ),
)


class ClaudeCode(HookHost):
    """Claude Code: its limits, the settings that steer its hooks, and its answers."""

    source = "claude"
    plugin = "codemem_claude.plugin"
    path = "/api/claude-hooks"
    # Claude Code moves context above 10,000 into a file and shows the model its first 2 KB.
    context_chars = 9_900
    nothing = '{"continue": true}'
    session_variables = (
        "CLAUDE_CODE_", "CLAUDE_PLUGIN_", "CLAUDE_PROJECT_", "CLAUDECODE", "CLAUDE_PID",
    )  # fmt: skip
    folder_variable = "CLAUDE_PROJECT_DIR"

    def __init__(self) -> None:
        """Look who runs the plugin: Qwen Code takes it as it is."""
        if os.environ.get("QWEN_CODE_SESSION_ID"):
            self.source, self.path = "qwen", ""

    def settings(self) -> Settings:
        """Return the settings, with Claude Code's own."""
        return Settings.load(extra=SETTINGS)

    def total_s(self, hook: str, settings: Settings) -> float:
        """Return the user's limit, and less at the end of a session."""
        total_s = settings.real("claude_hook_http_max_time_s") or super().total_s(hook, settings)
        return min(total_s, _LAST_S) if hook == "SessionEnd" else total_s

    def connect_s(self, settings: Settings) -> float:
        """Return the user's limit."""
        chosen = settings.real("claude_hook_http_connect_timeout_s")
        return chosen or super().connect_s(settings)

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Say whether the user wants memories made at this hook, without waiting for silence."""
        if hook not in {"Stop", "SessionEnd"}:
            return None
        at_end = settings.flag("claude_hook_flush")
        # Qwen Code fires no SessionEnd after a one-shot session.
        is_last = hook == "SessionEnd" or self.source == "qwen"
        return at_end and (is_last or settings.flag("claude_hook_flush_on_stop"))

    def shrink(self, payload: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
        """Leave out the whole old file that Edit and Write send along: the patch says it all."""
        response = payload.get("tool_response") if isinstance(payload, dict) else None
        if not isinstance(response, dict) or "originalFile" not in response:
            return payload
        kept = {name: value for name, value in response.items() if name != "originalFile"}
        return {**payload, "tool_response": kept}

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return the occasion; what the client itself sends as a prompt was typed by nobody."""
        # Whoever calls the command without a hook's name has a prompt.
        asked = {"hook_event_name": "UserPromptSubmit", **payload}
        if self.hook(asked) == "SubagentStart":
            return _subagent(payload)
        occasion = super().occasion(asked)
        if occasion and occasion.prompt.lstrip().startswith("<task-notification>"):
            return None
        return occasion

    def answer(self, occasion: Occasion, context: str) -> Mapping[str, Any]:
        """Return the context as Claude Code reads it."""
        return {"continue": True, **super().answer(occasion, context)}

    def server_environ(
        self, payload: Mapping[str, Any], environ: Mapping[str, str]
    ) -> dict[str, str]:
        """Leave out also what a repository's settings set for every hook."""
        from codemem_claude.autostart import set_by_projects  # noqa: PLC0415 - once a session

        foreign = set_by_projects(payload, environ)
        own = super().server_environ(payload, environ)
        return {name: value for name, value in own.items() if name not in foreign}


def _subagent(payload: Mapping[str, Any]) -> Occasion | None:
    """Return what a subagent is told: it sees nothing of what its session was.

    The CLI's own helpers have no type.
    """
    agent = text_in(payload, "agent_id")
    if not agent or not payload.get("agent_type"):
        return None
    return Occasion(
        hook="SubagentStart",
        session_id=text_in(payload, "session_id") or "",
        cwd=text_in(payload, "cwd"),
        begins=True,
        is_new=True,
        subagent=agent,
    )


HOST = ClaudeCode()
