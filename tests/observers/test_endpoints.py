"""Where a request goes, in which shape, and whose key and headers go with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import Misconfigured
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import AuthRequest, Credential, ObserveRequest
from codemem_observers.auth.auto import Auto
from codemem_observers.endpoints import Endpoint, endpoint
from codemem_observers.providers import CHAT, CODEX, MESSAGES, RESPONSES
from codemem_observers.settings import SETTINGS

LOGIN = Credential("t", source="oauth")
GATEWAY = {
    "npm": "@ai-sdk/openai-compatible",
    "options": {
        "baseURL": "https://gw.example/v1",
        "apiKey": "{env:GW_KEY}",
        "headers": {"X-Team": "$TEAM", "X-Unset": "$NOBODY"},
    },
    "models": {"small": {"id": "qwen3-8b"}, "large": {}},
}


def load(**environ: str) -> Settings:
    """Load settings from this environment, with the test's home."""
    return Settings.load({"HOME": str(Path.home()), **environ}, extra=SETTINGS)


def at(settings: Settings, credential: Credential | None = None) -> Endpoint:
    """Return where a request with the settings' model goes."""
    evidence = Evidence(source="claude", stream_id="s1")
    model = settings.text("observer_model")
    request = ObserveRequest(
        evidence=evidence, instructions="", prompt="", model=model, credential=credential
    )
    return endpoint(settings, request)


@pytest.fixture
def configure(home: Path) -> Any:
    """Write the user's OpenCode configuration."""

    def write(provider: dict[str, Any], *, name: str = "opencode.jsonc") -> None:
        folder = home / ".config" / "opencode"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"provider": {"gw": provider}})
        (folder / name).write_text(f"// mine\n{text[:-1]},}}")

    return write


def test_the_vendors_own_endpoints() -> None:
    """Defaults are the documented ones; Anthropic's API writes its model another way round."""
    openai, anthropic = at(load()), at(load(CODEMEM_OBSERVER_PROVIDER="anthropic"))

    assert openai.base_url + openai.shape.path == "https://api.openai.com/v1/responses"
    assert openai.model == "gpt-5.1-codex-mini"
    assert anthropic.base_url + anthropic.shape.path == "https://api.anthropic.com/v1/messages"
    assert anthropic.model == "claude-haiku-4-5"


def test_a_chatgpt_login_has_an_endpoint_of_its_own() -> None:
    """It is no API key; the setting moves it elsewhere."""
    usual = at(load(), LOGIN)
    moved = at(load(CODEMEM_CODEX_ENDPOINT="https://codex.example/r"), LOGIN)

    assert usual.shape is CODEX
    assert usual.base_url == "https://chatgpt.com/backend-api/codex/responses"
    assert moved.base_url == "https://codex.example/r"


@pytest.mark.parametrize("provider", ["openai", "custom", "my-gateway"])
def test_a_base_url_speaks_chat_completions(provider: str) -> None:
    """That is what every compatible server understands."""
    url = "http://127.0.0.1:11434/v1"
    settings = load(
        CODEMEM_OBSERVER_PROVIDER=provider,
        CODEMEM_OBSERVER_BASE_URL=url,
        CODEMEM_OBSERVER_MODEL="a/b",
    )

    there = at(settings)

    assert (there.base_url, there.model, there.shape) == (url, "a/b", CHAT)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"CODEMEM_OBSERVER_MODEL": "m"}, "observer_base_url"),
        ({"CODEMEM_OBSERVER_BASE_URL": "http://x"}, "observer_model"),
    ],
)
def test_a_custom_provider_needs_address_and_model(environ: dict[str, str], missing: str) -> None:
    """What is missing is named."""
    with pytest.raises(Misconfigured, match=missing):
        at(load(CODEMEM_OBSERVER_PROVIDER="my-gateway", **environ))


@pytest.mark.parametrize("name", ["opencode.json", "opencode.jsonc"])
def test_a_provider_of_opencodes_configuration(configure: Any, name: str) -> None:
    """Address, headers and the name of the model come from there; what is not set is left out."""
    configure(GATEWAY, name=name)

    there = at(load(CODEMEM_OBSERVER_MODEL="gw/small", TEAM="blue"))

    assert (there.base_url, there.model, there.shape) == (
        "https://gw.example/v1",
        "qwen3-8b",
        CHAT,
    )
    assert there.headers == {"X-Team": "blue"}


@pytest.mark.parametrize(
    ("model", "asked"), [(None, "qwen3-8b"), ("large", "large"), ("other", "other")]
)
def test_the_first_model_is_the_default(configure: Any, model: str | None, asked: str) -> None:
    """A short name stands for the provider's own; an unknown one is passed on."""
    configure(GATEWAY)
    named = {"CODEMEM_OBSERVER_MODEL": model} if model else {}

    assert at(load(CODEMEM_OBSERVER_PROVIDER="gw", **named)).model == asked


@pytest.mark.parametrize(
    ("package", "shape"), [("@ai-sdk/anthropic", MESSAGES), ("@ai-sdk/openai", RESPONSES)]
)
def test_the_client_library_says_which_api_it_is(
    configure: Any, package: str, shape: object
) -> None:
    """OpenCode's configuration names the library, and the library speaks one API."""
    configure({**GATEWAY, "npm": package})

    assert at(load(CODEMEM_OBSERVER_PROVIDER="gw")).shape is shape


def key_of(settings: Settings) -> str | None:
    """Return the token `auto` finds for the provider."""
    found = Auto(settings).resolve(AuthRequest(provider="gw"))
    return found.token if found else None


@pytest.mark.parametrize(
    "options",
    [
        {"apiKey": "$GW_KEY"},
        {"apiKey": "${GW_KEY}"},
        {"apiKeyEnv": "GW_KEY"},
        {"apiKey": "{file:~/gw.key}"},
    ],
)
def test_the_providers_own_key_comes_first(
    configure: Any, home: Path, options: dict[str, str]
) -> None:
    """Before the explicit one, which is meant for everybody."""
    (home / "gw.key").write_text("own\n")
    configure({"options": {"baseURL": "https://gw.example/v1", **options}})
    settings = load(
        CODEMEM_OBSERVER_PROVIDER="gw", CODEMEM_OBSERVER_API_KEY="explicit", GW_KEY="own"
    )

    assert key_of(settings) == "own"


def test_a_providers_key_stays_with_its_host(configure: Any) -> None:
    """An `observer_base_url` somewhere else gets neither its key nor its headers."""
    configure(GATEWAY)
    settings = load(
        CODEMEM_OBSERVER_PROVIDER="gw",
        CODEMEM_OBSERVER_BASE_URL="https://elsewhere.example/v1",
        CODEMEM_OBSERVER_MODEL="small",
        GW_KEY="own",
        TEAM="blue",
    )

    assert key_of(settings) is None
    assert at(settings).headers == {}


def test_a_repositorys_configuration_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could name its own server for the user's key."""
    (tmp_path / "opencode.json").write_text(json.dumps({"provider": {"gw": GATEWAY}}))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Misconfigured, match="observer_base_url"):
        at(load(CODEMEM_OBSERVER_PROVIDER="gw"))


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"provider": 3}', '{"provider": {"gw": []}}'])
def test_a_configuration_that_cannot_be_read_is_none(home: Path, text: str) -> None:
    """OpenCode's own mistakes are not ours to report."""
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(text)

    with pytest.raises(Misconfigured, match="observer_base_url"):
        at(load(CODEMEM_OBSERVER_PROVIDER="gw"))


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        (
            {"OPENAI_BASE_URL": "https://gw.example/v1/"},
            "https://gw.example/v1/chat/completions",
        ),
        (
            {"OPENAI_BASE_URL": "https://eu.api.openai.com/v1"},
            "https://eu.api.openai.com/v1/responses",
        ),
        (
            {
                "CODEMEM_OBSERVER_PROVIDER": "anthropic",
                "ANTHROPIC_BASE_URL": "https://gw.example/anthropic",
            },
            "https://gw.example/anthropic/v1/messages",
        ),
    ],
)
def test_the_vendors_own_variables_move_their_addresses(
    environ: dict[str, str], address: str
) -> None:
    """As their own clients read them: OpenAI's with the version, Anthropic's without."""
    assert at(load(**environ)).address == address


def test_a_login_never_follows_a_variable() -> None:
    """It belongs to ChatGPT, and a repository can set variables."""
    moved = at(load(OPENAI_BASE_URL="https://gw.example/v1"), LOGIN)

    assert moved.base_url == "https://chatgpt.com/backend-api/codex/responses"


def test_azure_takes_its_key_in_a_header_of_its_own() -> None:
    """A token of its directory goes as a bearer token, as everywhere."""
    url = "https://me.openai.azure.com/openai/deployments/d?api-version=2024-10-21"
    there = at(load(CODEMEM_OBSERVER_BASE_URL=url, CODEMEM_OBSERVER_MODEL="m"))

    assert there.shape.headers(Credential("k")) == {"api-key": "k"}
    assert there.shape.headers(Credential("eyJx")) == {"Authorization": "Bearer eyJx"}
