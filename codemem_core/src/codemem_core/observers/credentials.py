"""The observer's credential: whose it must be, how long it is kept, which headers carry it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from codemem_core.errors import AuthError, SettingsError
from codemem_core.records.protocols import AuthRequest, Credential, TokenSource

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEMPLATE = re.compile(r"\$\{auth\.(token|type|source)\}")
_SECRETS = ("observer_api_key", "observer_auth_file", "observer_auth_command", "observer_headers")


class Credentials:
    """The observer's credential, kept for `observer_auth_cache_ttl_s`; a failure is never kept."""

    def __init__(
        self, source: Callable[[], TokenSource], settings: Settings, clock: Callable[[], float]
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        # Two workers that both need a token run the user's command once.
        self._lock = threading.Lock()
        self._kept: Credential | None = None
        self._until = 0.0

    def get(self, *, fresh: bool = False) -> Credential | None:
        """Return the credential, or None when there is none; `fresh` forgets the last one."""
        with self._lock:
            if self._kept and not fresh and self._clock() < self._until:
                return self._kept
            _refuse_to_lend(self._settings)
            request = AuthRequest(provider=token_owner(self._settings), fresh=fresh)
            self._kept = _usable(self._source().resolve(request))
            self._until = self._clock() + self._settings.number("observer_auth_cache_ttl_s")
            return self._kept


def provider_of(settings: Settings) -> str:
    """Return the provider whose API is spoken: `openai`, `anthropic` or the user's own name.

    It may stand before the model, as `provider/model`, unless a base URL says where to ask.
    """
    named = settings.text("observer_provider")
    if named:
        return named
    model, base_url = settings.text("observer_model") or "", settings.text("observer_base_url")
    prefix, slash, _ = model.partition("/")
    if slash and prefix and not base_url:
        return prefix
    if model.startswith("claude"):
        return "anthropic"
    return "custom" if base_url else "openai"


def token_owner(settings: Settings) -> str:
    """Return whose credential is wanted.

    A vendor's key in the environment is meant for the vendor's own host: with a base URL of the
    user's it is not asked for.
    """
    provider = provider_of(settings)
    vendor = provider in {"openai", "anthropic"}
    return "custom" if vendor and settings.text("observer_base_url") else provider


def fill_headers(templates: Mapping[str, str], credential: Credential | None) -> dict[str, str]:
    """Fill `${auth.token}`, `${auth.type}` and `${auth.source}` into header values.

    A header that wants the token is left out when there is none, and so is a blank one. Raises
    `SettingsError` for a value no header can carry, without showing it.
    """
    values = {
        "token": credential.token if credential else "",
        "type": credential.type if credential else "none",
        "source": credential.source if credential else "none",
    }
    filled = {}
    for name, template in templates.items():
        if "${auth.token}" in template and credential is None:
            continue
        value = _TEMPLATE.sub(lambda found: values[found[1]], template).strip()
        if not (_HEADER_NAME.fullmatch(name) and _fits_a_header(value)):
            raise SettingsError(f"`observer_headers` entry cannot be sent: `{name}`")
        if value:
            filled[name] = value
    return filled


def may_go_without(settings: Settings) -> bool:
    """Say whether the user's endpoint may want no token: a local server, a header of their own."""
    return bool(
        settings.text("observer_base_url") or settings.text("observer_auth_source") == "none"
    )


def _refuse_to_lend(settings: Settings) -> None:
    """Keep what the config file trusts one host with from a host that only a variable names.

    A repository can set variables (direnv, a dev container), and nobody can set the file but its
    owner.
    """
    if settings.where("observer_base_url") != "environment":
        return
    for key in _SECRETS:
        if settings.where(key) == "file":
            raise SettingsError(
                f"`{key}` of the config file is not sent to the `observer_base_url` of the"
                " environment",
                hint="set both in the config file, or both in the environment",
            )


def _usable(credential: Credential | None) -> Credential | None:
    """Return the credential, None when blank; refuse one that would break a header."""
    if credential is None or not credential.token.strip():
        return None
    token = credential.token.strip()
    if not _fits_a_header(token + credential.account):
        raise AuthError(f"the {credential} has characters no header can carry")
    return replace(credential, token=token)


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()
