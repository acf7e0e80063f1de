"""What codemem-keyring offers."""

from collections.abc import Iterator

from codemem_core.api import AuthSource, Setting, hookimpl

CODEMEM_API = 1

RECORD = AuthSource(
    name="keyring", target="codemem_keyring.source:Keyring", help="The system's keyring."
)

SETTING = Setting(
    "keyring_service",
    "CODEMEM_KEYRING_SERVICE",
    kind="text",
    default="codemem",
    help="Name of the service in the keyring; the user name is the provider's.",
)


@hookimpl
def codemem_auth_sources() -> Iterator[AuthSource]:
    """The system's keyring."""
    yield RECORD


@hookimpl
def codemem_settings() -> Iterator[Setting]:
    """Under which name the keys are kept."""
    yield SETTING
