"""`codemem pi-hook`: what the extension runs at each event."""

from __future__ import annotations

from codemem_core.hooks.hook_host import HookHost, Occasion, text_in
from codemem_core.hooks.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from codemem_core.api import Settings


class PiAgent(HookHost):
    """pi, by the events that the extension sends."""

    source = "pi"
    plugin = "codemem_pi.plugin"

    def flush(self, hook: str, settings: Settings) -> bool | None:
        """Ask for memories at the end of a session."""
        del settings
        return True if hook == "session_shutdown" else None

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Return what an event asks context for."""
        hook, begun_by = self.hook(payload), payload.get("source")
        if hook not in {"session_start", "before_agent_start"}:
            return None
        return Occasion(
            hook=hook,
            session_id=text_in(payload, "session_id") or "",
            cwd=text_in(payload, "cwd"),
            prompt=text_in(payload, "prompt") or "",
            begins=hook == "session_start",
            is_new=begun_by in {"startup", "new"},
            goes_on=begun_by in {"resume", "reload"},
        )

    def answer(self, occasion: Occasion, context: str) -> Mapping[str, Any]:
        """Return what the extension reads."""
        del occasion
        return {"context": context}

    def starts_server(self, payload: Mapping[str, Any]) -> bool:
        """Start one when a session begins."""
        return self.hook(payload) == "session_start"


def main(arguments: list[str]) -> int:
    """Read an event from standard input, answer it, store it, and return 0."""
    return run(PiAgent(), arguments)
