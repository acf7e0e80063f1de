"""Where the settings say to ask, and in which shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codemem_core.errors import Misconfigured
from codemem_core.observers.credentials import provider_of
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.opencode_config import Custom, custom_provider
from codemem_observers.providers import CHAT, CODEX, MESSAGES, RESPONSES, Shape

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings

_OPENAI = "https://api.openai.com/v1"
_CODEX = "https://chatgpt.com/backend-api/codex/responses"
_ANTHROPIC = "https://api.anthropic.com/v1"
_OPENAI_MODEL = "gpt-5.1-codex-mini"
_ANTHROPIC_MODEL = "claude-4.5-haiku"
# The documented default and Claude's command line say it one way round, the API the other.
_ANTHROPIC_NAMES = {"claude-4.5-haiku": "claude-haiku-4-5"}
_PACKAGES = {"@ai-sdk/anthropic": MESSAGES, "@ai-sdk/openai": RESPONSES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to ask, for what, and in which shape."""

    base_url: str
    setting: str
    """What a person changes to change the address."""
    model: str
    shape: Shape
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the provider's own configuration adds."""


def endpoint(settings: Settings, request: ObserveRequest) -> Endpoint:
    """Return where the request goes; `observer_base_url` stands over the provider's own address.

    Raises `Misconfigured` when a custom provider lacks its URL or model.
    """
    provider = provider_of(settings)
    base_url = settings.text("observer_base_url")
    model = request.model or ""
    if not settings.text("observer_provider") and not base_url:
        model = model.removeprefix(f"{provider}/")
    if provider == "anthropic":
        name = model or _ANTHROPIC_MODEL
        return _at(base_url or _ANTHROPIC, _ANTHROPIC_NAMES.get(name, name), MESSAGES)
    if provider == "openai" and not base_url:
        if request.credential and request.credential.source == "oauth":
            address = settings.text("codex_endpoint") or _CODEX
            return _at(address, model or _OPENAI_MODEL, CODEX, setting="codex_endpoint")
        # OpenAI's codex models, the default among them, exist on this API only.
        return _at(_OPENAI, model or _OPENAI_MODEL, RESPONSES)
    return _custom(provider, base_url, model, own_provider(settings, provider))


def own_provider(settings: Settings, provider: str) -> Custom | None:
    """Return what the OpenCode configuration says of a provider, if it is asked at all.

    Its key and headers are meant for its own host: with an `observer_base_url` somewhere else it
    is not.
    """
    known = custom_provider(provider, settings.environ)
    base_url = settings.text("observer_base_url")
    if known and base_url and _origin(base_url) != _origin(known.base_url):
        return None
    return known


def _at(base_url: str, model: str, shape: Shape, *, setting: str = "observer_base_url") -> Endpoint:
    return Endpoint(base_url=base_url, model=model, shape=shape, setting=setting)


def _custom(provider: str, base_url: str | None, model: str, known: Custom | None) -> Endpoint:
    models = known.models if known else {}
    short = model.removeprefix(f"{provider}/")
    name = models.get(model) or models.get(short) or model or next(iter(models.values()), "")
    address = base_url or (known.base_url if known else "")
    if not address or not name:
        missing = "observer_model" if address else "observer_base_url"
        raise Misconfigured(
            f"observer provider `{provider}` needs `{missing}`",
            hint=f"set it in the configuration file, or `CODEMEM_{missing.upper()}`",
        )
    return Endpoint(
        base_url=address,
        setting="observer_base_url" if base_url else f"provider.{provider}.options.baseURL",
        model=name,
        shape=_PACKAGES.get(known.package, CHAT) if known else CHAT,
        headers=known.headers if known else {},
    )


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.lower()
