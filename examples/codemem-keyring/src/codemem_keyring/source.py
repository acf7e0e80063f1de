"""A credential from the system's keyring."""

import keyring
from keyring.errors import KeyringError

from codemem_core.api import AuthRequest, Credential, Settings


class Keyring:
    """The auth source `keyring`."""

    def __init__(self, settings: Settings) -> None:
        self._service = settings.text("keyring_service") or "codemem"

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Return the provider's key, or None when there is none or the keyring is locked."""
        try:
            token = keyring.get_password(self._service, request.provider)
        except KeyringError:
            return None
        token = (token or "").strip()
        return Credential(token, source="keyring") if token.isprintable() and token else None
