"""`codemem codex-hook`: answer one of Codex's hooks, and store what it says.

Codex waits for this command at every prompt and tool call. Its interactive sessions run in a daemon
that keeps the environment of the terminal which started it, so settings come from the config file.
"""

from __future__ import annotations

import os

from codemem_core.hooks.hook_host import HookHost, Occasion
from codemem_core.hooks.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from codemem_core.api import Settings

_LAST_S = 1.2
"""Codex ends SessionEnd and Interrupt hooks after 3 s, whatever their timeout."""


class CodexCli(HookHost):
    """Codex: its limits, and what ends a turn."""

    source = "codex"
    plugin = "codemem_codex.plugin"
    context_chars = 9_000  # Codex cuts the middle out of what is longer than about 10,000
    session_variables = ("CODEX_", "CODEMEM_")

    def environ(self) -> Mapping[str, str]:
        """Return the environment without settings, but for the mark of an observer's child."""
        return {
            name: value
            for name, value in os.environ.items()
            if name == "CODEMEM_PLUGIN_IGNORE" or not name.startswith("CODEMEM_")
        }

    def total_s(self, hook: str, settings: Settings) -> float:
        """Return less than Codex allows at the end of a session."""
        ends = hook in {"SessionEnd", "Interrupt"}
        return _LAST_S if ends else super().total_s(hook, settings)

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Make memories at the end of each turn: interactive sessions have no other end."""
        del settings
        return True if hook in {"Stop", "SessionEnd", "Interrupt"} else None

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return what asks for context; a compacted session has forgotten what it was given."""
        if self.hook(payload) == "PostCompact":
            payload = {**payload, "hook_event_name": "SessionStart", "source": "compact"}
        return super().occasion(payload)


HOST = CodexCli()


def main(arguments: list[str]) -> int:
    """Read a payload from standard input, print what Codex should tell its model, return 0."""
    return run(HOST, arguments)
