"""Whose credential is wanted, and which headers carry it."""

from __future__ import annotations

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import SettingsError
from codemem_core.observers.credentials import fill_headers, provider_of, token_owner
from codemem_core.records.protocols import Credential


def test_header_templates_are_filled() -> None:
    """The three variables stand for the credential's parts."""
    templates = {"Authorization": "${auth.type} ${auth.token}", "X-From": "${auth.source}"}

    filled = fill_headers(templates, Credential("t", source="command"))

    assert filled == {"Authorization": "bearer t", "X-From": "command"}


def test_headers_that_would_say_nothing_are_left_out() -> None:
    """Without a token no header mentions one; blank headers are not sent."""
    templates = {"Authorization": "Bearer ${auth.token}", "X-Blank": " ", "X-Team": "blue"}

    assert fill_headers(templates, None) == {"X-Team": "blue"}


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\nY", "é"])
def test_a_header_name_that_cannot_be_sent_is_refused(name: str) -> None:
    """The mistake is named before anything is sent."""
    with pytest.raises(SettingsError, match="observer_headers"):
        fill_headers({name: "x"}, None)


def test_a_value_filled_in_is_not_filled_again() -> None:
    """A token that looks like a template stays as it is."""
    filled = fill_headers({"A": "${auth.token}"}, Credential("${auth.source}"))

    assert filled == {"A": "${auth.source}"}


@pytest.mark.parametrize(
    ("settings", "provider", "owner"),
    [
        ({}, "openai", "openai"),
        ({"observer_model": "claude-4.5-haiku"}, "anthropic", "anthropic"),
        ({"observer_provider": "gateway"}, "gateway", "gateway"),
        ({"observer_model": "gateway/small"}, "gateway", "gateway"),
        ({"observer_model": "openai/gpt-5"}, "openai", "openai"),
        (
            {"observer_model": "openai/gpt-5", "observer_base_url": "https://x.example"},
            "custom",
            "custom",
        ),
        ({"observer_base_url": "https://x.example"}, "custom", "custom"),
        (
            {"observer_provider": "openai", "observer_base_url": "https://x.example"},
            "openai",
            "custom",
        ),
        (
            {"observer_model": "claude-x", "observer_base_url": "https://x.example"},
            "anthropic",
            "custom",
        ),
    ],
)
def test_a_vendors_key_is_not_wanted_for_somebody_elses_host(
    settings: dict[str, str], provider: str, owner: str
) -> None:
    """With a base URL the credential is asked for as a custom provider's."""
    loaded = Settings.load({f"CODEMEM_{name.upper()}": value for name, value in settings.items()})

    assert (provider_of(loaded), token_owner(loaded)) == (provider, owner)
