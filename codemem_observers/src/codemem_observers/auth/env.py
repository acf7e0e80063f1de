"""A token in the environment, under the provider's own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential

if TYPE_CHECKING:
    from codemem_core.api import Settings

_VARIABLES = {
    "openai": ("OPENCODE_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY"),
    "anthropic": ("ANTHROPIC_API_KEY",),
}
# A vendor's key must not reach somebody else's server, so a custom provider has only ours.
_CUSTOM = ("CODEMEM_OBSERVER_API_KEY",)


class Env:
    """Reads the environment the settings were loaded from."""

    def __init__(self, settings: Settings) -> None:
        """Keep the environment."""
        self._environ = settings.environ

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the first variable of the provider that is set and not blank."""
        for name in _VARIABLES.get(request.provider, _CUSTOM):
            token = self._environ.get(name, "").strip()
            if token:
                return Credential(token, source="env")
        return None
