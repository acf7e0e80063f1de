"""Ask an observer: which runtime, with which credential, and what when there is none."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from codemem_core.errors import AuthError, PluginError, SettingsError, Unreachable
from codemem_core.ingest.prompt import observe_prompt
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import (
    AuthRequest,
    Credential,
    Observer,
    ObserveRequest,
    ObserverReply,
    TokenSource,
)

if TYPE_CHECKING:
    from codemem_core.plugins import Plugins
    from codemem_core.records.seams import ObserverRuntime, SeamRecord
    from codemem_core.settings import Settings

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEMPLATE = re.compile(r"\$\{auth\.(token|type|source)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An observer's answer and who gave it."""

    reply: ObserverReply
    runtime: str
    fell_back: str = ""
    """Why a runtime that needs no model answered in place of the usual one; empty otherwise."""


class Observing:
    """Asks the observer the settings name; one object lives as long as its settings."""

    def __init__(
        self, plugins: Plugins, settings: Settings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take plugins and settings; `clock` counts seconds, for the credential cache."""
        self._plugins = plugins
        self._settings = settings
        self._made: dict[SeamRecord, object] = {}
        self._credentials = _Credentials(self._source, settings, clock)

    def observe(self, evidence: Evidence) -> Observed:
        """Return what the observer answers to the evidence.

        Without a configured runtime and without a credential an offline runtime answers. Raises
        the `ObserverError` classes and nothing else.
        """
        try:
            return self._observe(evidence)
        except (SettingsError, PluginError) as error:
            # The same request works once somebody has mended the settings or the plugin.
            raise Unreachable(str(error), hint=error.hint) from error

    def _observe(self, evidence: Evidence) -> Observed:
        record = self._chosen()
        if record is None:
            return self._fall_back(evidence, "the usual runtime is not installed")
        if not record.needs_credential:
            return Observed(reply=self._ask(record, evidence, None), runtime=record.name)
        credential = self._credentials.get()
        if credential is None and not _may_go_without(self._settings):
            if self._settings.where("observer_runtime") != "default":
                raise AuthError(f"no credential for the observer runtime `{record.name}`")
            return self._fall_back(evidence, "no credential")
        return Observed(reply=self._ask_twice(record, evidence, credential), runtime=record.name)

    def _chosen(self) -> ObserverRuntime | None:
        """Return the configured runtime; with none configured the usual one, None if missing."""
        runtimes = self._plugins.observer_runtimes()
        name = self._settings.text("observer_runtime") or ""
        if name in runtimes:
            return runtimes[name]
        if self._settings.where("observer_runtime") == "default":
            return None
        raise _not_installed("observer runtime", name, runtimes)

    def _fall_back(self, evidence: Evidence, reason: str) -> Observed:
        """Let a runtime answer that works without a credential."""
        for record in self._plugins.observer_runtimes().values():
            if not record.needs_credential:
                reply = self._ask(record, evidence, None)
                return Observed(reply=reply, runtime=record.name, fell_back=reason)
        raise AuthError(f"{reason}, and no observer runtime that works without")

    def _ask_twice(
        self, record: ObserverRuntime, evidence: Evidence, credential: Credential | None
    ) -> ObserverReply:
        """Ask; when the credential is refused, ask once more with a fresh one."""
        try:
            return self._ask(record, evidence, credential)
        except AuthError:
            credential = self._credentials.get(fresh=True)
            if credential is None:
                raise
            return self._ask(record, evidence, credential)

    def _ask(
        self, record: ObserverRuntime, evidence: Evidence, credential: Credential | None
    ) -> ObserverReply:
        instructions, prompt = observe_prompt(
            evidence, max_chars=self._settings.number("observer_max_chars")
        )
        request = ObserveRequest(
            evidence=evidence,
            instructions=instructions,
            prompt=prompt,
            model=self._settings.text("observer_model") or record.default_model,
            credential=credential,
            headers=fill_headers(self._settings.mapping("observer_headers"), credential),
        )
        return cast("Observer", self._make(record)).observe(request)

    def _source(self) -> TokenSource:
        sources = self._plugins.auth_sources()
        name = self._settings.text("observer_auth_source") or "auto"
        if name not in sources:
            raise _not_installed("auth source", name, sources)
        return cast("TokenSource", self._make(sources[name]))

    def _make(self, record: SeamRecord) -> object:
        if record not in self._made:
            self._made[record] = self._plugins.make(record)
        return self._made[record]


class _Credentials:
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
            request = AuthRequest(provider=token_owner(self._settings), fresh=fresh)
            self._kept = _usable(self._source().resolve(request))
            self._until = self._clock() + self._settings.number("observer_auth_cache_ttl_s")
            return self._kept


def provider_of(settings: Settings) -> str:
    """Return the provider whose API is spoken: `openai`, `anthropic` or the user's own name."""
    named = settings.text("observer_provider")
    if named:
        return named
    model = settings.text("observer_model") or ""
    if model.startswith("claude"):
        return "anthropic"
    return "custom" if settings.text("observer_base_url") else "openai"


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


def _may_go_without(settings: Settings) -> bool:
    """Say whether the user's endpoint may want no token: a local server, a header of their own."""
    return bool(
        settings.text("observer_base_url") or settings.text("observer_auth_source") == "none"
    )


def _usable(credential: Credential | None) -> Credential | None:
    """Return the credential, None when blank; refuse one that would break a header."""
    if credential is None or not credential.token.strip():
        return None
    token = credential.token.strip()
    if not _fits_a_header(token):
        raise AuthError(f"the {credential} has characters no header can carry")
    return replace(credential, token=token)


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _not_installed(what: str, name: str, known: Mapping[str, object]) -> SettingsError:
    return SettingsError(
        f"{what} is not installed: `{name}`", hint=f"installed: {', '.join(sorted(known))}"
    )
