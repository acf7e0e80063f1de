"""No token, on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential

if TYPE_CHECKING:
    from codemem_core.api import Settings


class NoToken:
    """Never finds a credential: for servers that want none, or a header with a fixed value."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings, as every auth source does."""

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return None."""
        return None
