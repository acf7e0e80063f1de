"""The login OpenCode keeps for a provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from codemem_core.api import AuthRequest, Credential
from codemem_observers.opencode_config import stored_login

if TYPE_CHECKING:
    from codemem_core.api import Settings

_VENDORS = frozenset({"openai", "anthropic"})


class Login:
    """Reads OpenCode's stored OAuth token; only the vendor it was given by ever gets it."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        """Keep the environment; `clock` gives epoch seconds."""
        self._environ = settings.environ
        self._clock = clock

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the token while it lasts; OpenCode renews it, we do not."""
        if request.provider not in _VENDORS:
            return None
        stored = stored_login(request.provider, self._environ)
        token, expires, account = (stored.get(name) for name in ("access", "expires", "accountId"))
        if stored.get("type") != "oauth" or not isinstance(token, str) or not token.strip():
            return None
        if isinstance(expires, int | float) and expires <= self._clock() * 1000:
            return None
        account = account if isinstance(account, str) else ""
        return Credential(token.strip(), source="oauth", account=account)
