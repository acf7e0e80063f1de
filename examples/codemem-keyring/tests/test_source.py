"""The source over a keyring that lives in memory."""

import keyring
import pytest
from codemem_keyring.plugin import RECORD, SETTING
from codemem_keyring.source import Keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from codemem_core.api import AuthRequest, Settings
from codemem_core.testing import conforms


class InMemory(KeyringBackend):
    """A keyring with one key."""

    priority = 1
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """Know one key."""
        if self.locked:
            raise KeyringLocked
        return "the-key" if (service, username) == ("codemem", "openai") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Take none."""
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        """Keep it."""
        raise NotImplementedError


@pytest.fixture(autouse=True)
def ring() -> InMemory:
    """Use it instead of the system's."""
    made = InMemory()
    keyring.set_keyring(made)
    return made


test_keyring = conforms(RECORD, own_settings=[SETTING])


def test_the_providers_key_is_found() -> None:
    """Each provider has its own."""
    source = Keyring(Settings.load({}, extra=[SETTING]))

    found = source.resolve(AuthRequest(provider="openai"))

    assert found is not None
    assert found.token == "the-key"
    assert source.resolve(AuthRequest(provider="anthropic")) is None


def test_a_locked_keyring_is_an_empty_one(ring: InMemory) -> None:
    """The observer says what is missing; this is no place to ask for a password."""
    ring.locked = True

    assert (
        Keyring(Settings.load({}, extra=[SETTING])).resolve(AuthRequest(provider="openai")) is None
    )
