"""The usual places of a credential, in the documented order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemem_core.records.protocols import AuthRequest, Credential
from codemem_observers.auth.command import Command
from codemem_observers.auth.env import Env
from codemem_observers.auth.file import File

if TYPE_CHECKING:
    from codemem_core.settings import Settings


class Auto:
    """The explicit key, then environment, file and command."""

    def __init__(self, settings: Settings) -> None:
        """Make the sources it asks."""
        self._explicit = (settings.text("observer_api_key") or "").strip()
        self._sources = (Env(settings), File(settings), Command(settings))

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the first credential found."""
        if self._explicit:
            return Credential(self._explicit)
        found = (source.resolve(request) for source in self._sources)
        return next((credential for credential in found if credential), None)
