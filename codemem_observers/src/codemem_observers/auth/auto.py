"""The usual places of a credential, in the documented order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential
from codemem_observers.auth.command import Command
from codemem_observers.auth.env import Env
from codemem_observers.auth.file import File
from codemem_observers.auth.login import Login
from codemem_observers.endpoints import own_provider

if TYPE_CHECKING:
    from codemem_core.api import Settings


class Auto:
    """The explicit key, then environment, OpenCode's login, file and command.

    A provider of the user's own has its own key, which comes first.
    """

    def __init__(self, settings: Settings) -> None:
        """Make the sources it asks."""
        self._settings = settings
        self._sources = (Env(settings), Login(settings), File(settings), Command(settings))

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the first credential found."""
        known = own_provider(self._settings, request.provider)
        explicit = (self._settings.text("observer_api_key") or "").strip()
        if key := (known.key if known else "") or explicit:
            return Credential(key)
        found = (source.resolve(request) for source in self._sources)
        return next((credential for credential in found if credential), None)
