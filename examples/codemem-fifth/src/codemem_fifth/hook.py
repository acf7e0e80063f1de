"""`codemem fifth-hook`: the one command that Fifth runs, whatever happens.

Fifth waits for it, so nothing is imported here but the light modules of the core.
"""

from __future__ import annotations

from codemem_core.hooks.hook_host import HookHost, Occasion
from codemem_core.hooks.run import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class FifthHook(HookHost):
    """What differs from other hosts: names, limits and the form of the answer."""

    source = "fifth"
    plugin = "codemem_fifth.plugin"
    context_chars = 6_000
    nothing = "{}"
    session_variables = ("FIFTH_",)

    def hook(self, payload: Mapping[str, Any]) -> str:
        """Return what happened, in Fifth's words."""
        event = payload.get("event")
        return event if isinstance(event, str) else ""

    def occasion(self, payload: Mapping[str, Any]) -> Occasion | None:
        """Ask for a brief when a session opens, and for a pack when the user has asked."""
        hook = self.hook(payload)
        if hook not in {"opened", "asked"}:
            return None
        return Occasion(
            hook=hook,
            session_id=str(payload.get("session") or ""),
            cwd=str(payload.get("dir") or "") or None,
            prompt=str(payload.get("words") or ""),
            begins=hook == "opened",
            is_new=payload.get("fresh") is not False,
            goes_on=payload.get("fresh") is False,
        )

    def answer(self, occasion: Occasion, context: str) -> Mapping[str, Any]:
        """Return what Fifth puts before the model."""
        return {"tell": context}

    def starts_server(self, payload: Mapping[str, Any]) -> bool:
        """Start one with the session."""
        return self.hook(payload) == "opened"


HOST = FifthHook()


def main(arguments: list[str]) -> int:
    """Answer the payload on standard input, store it, and return 0."""
    return run(HOST, arguments)
