"""Settings of the runtimes that go through an agent's own program or login."""

from __future__ import annotations

from codemem_core.api import Setting

SETTINGS = (
    Setting(
        "claude_command",
        "CODEMEM_CLAUDE_COMMAND",
        kind="argv",
        default=["claude"],
        section="Ways to reach a model",
        help="How `claude_sidecar` starts the Claude CLI.",
    ),
    Setting(
        "use_opencode_run",
        "CODEMEM_USE_OPENCODE_RUN",
        kind="flag",
        default=False,
        section="Ways to reach a model",
        help="Let `opencode run` observe.",
    ),
    Setting(
        "opencode_model",
        "CODEMEM_OPENCODE_MODEL",
        default="gpt-5.1-codex-mini",
        section="Ways to reach a model",
        help="Model of `opencode run`.",
    ),
    Setting(
        "opencode_agent",
        "CODEMEM_OPENCODE_AGENT",
        section="Ways to reach a model",
        help="Agent of `opencode run`.",
    ),
    Setting(
        "codex_endpoint",
        "CODEMEM_CODEX_ENDPOINT",
        section="Ways to reach a model",
        help="Endpoint for OpenAI's OAuth tokens, when not the usual one.",
    ),
)
