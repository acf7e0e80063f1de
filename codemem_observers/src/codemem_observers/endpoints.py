"""Where the settings say to ask, and in which shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from codemem_core.api import Misconfigured, ObserveRequest, provider_of
from codemem_observers.opencode_config import Custom, custom_provider
from codemem_observers.providers import AZURE, CHAT, CODEX, MESSAGES, RESPONSES, Shape

if TYPE_CHECKING:
    from codemem_core.api import Settings

_OPENAI = "https://api.openai.com/v1"
_CODEX = "https://chatgpt.com/backend-api/codex/responses"
_ANTHROPIC = "https://api.anthropic.com/v1"
_OPENAI_MODEL = "gpt-5.1-codex-mini"
_ANTHROPIC_MODEL = "claude-4.5-haiku"
# The documented default and Claude's command line say it one way round, the API the other.
_ANTHROPIC_NAMES = {"claude-4.5-haiku": "claude-haiku-4-5"}
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
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

    @property
    def host(self) -> str:
        """The host of the address, for messages."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def address(self) -> str:
        """The whole address that is asked.

        The base URL may have the path already, and a query: Azure's portal shows it that way.
        """
        parts = urlsplit(self.base_url)
        folder = parts.path.rstrip("/")
        path = folder if folder.endswith(self.shape.path) else folder + self.shape.path
        return urlunsplit(parts._replace(path=path))


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
        return _anthropic(settings, base_url, _ANTHROPIC_NAMES.get(name, name))
    if provider == "openai" and not base_url:
        return _openai(settings, model or _OPENAI_MODEL, request)
    return _custom(provider, base_url, model, own_provider(settings, provider))


def _anthropic(settings: Settings, base_url: str | None, model: str) -> Endpoint:
    """Return Anthropic's API; `ANTHROPIC_BASE_URL` lacks the version, as for its own client."""
    named = settings.environ.get("ANTHROPIC_BASE_URL", "").strip().rstrip("/")
    if base_url or not named:
        return _at(base_url or _ANTHROPIC, model, MESSAGES)
    return _at(f"{named.removesuffix('/v1')}/v1", model, MESSAGES, setting="ANTHROPIC_BASE_URL")


def _openai(settings: Settings, model: str, request: ObserveRequest) -> Endpoint:
    """Return OpenAI's API, or what `OPENAI_BASE_URL` names; a login goes to its own host only."""
    if request.credential and request.credential.source == "oauth":
        return _at(
            settings.text("codex_endpoint") or _CODEX, model, CODEX, setting="codex_endpoint"
        )
    named = settings.environ.get("OPENAI_BASE_URL", "").strip()
    if not named:
        return _at(_OPENAI, model, RESPONSES)
    # OpenAI's codex models, the default among them, exist on this API only; others speak chat.
    host = urlsplit(named).hostname or ""
    shape = RESPONSES if host.endswith(".openai.com") else _chat(host)
    return _at(named, model, shape, setting="OPENAI_BASE_URL")


def _chat(host: str) -> Shape:
    return AZURE if host.endswith(_AZURE_HOSTS) else CHAT


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
    chat = _chat(_origin(address)[1].partition(":")[0])
    return Endpoint(
        base_url=address,
        setting="observer_base_url" if base_url else f"provider.{provider}.options.baseURL",
        model=name,
        shape=_PACKAGES.get(known.package, chat) if known else chat,
        headers=known.headers if known else {},
    )


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.lower()
