"""Choosing who observes."""

from __future__ import annotations

from codemem_cli.observer_choice import choices
from codemem_core.config.settings import Settings
from codemem_core.observers.destination import destination
from codemem_core.plugins.registry import Plugins


def where(environ: dict[str, str]) -> tuple[str, str]:
    """Return the runtime and the place that settings lead to, without a database."""
    settings = Settings.load(environ)
    found = destination(Plugins.load(settings), settings, None)
    return found.runtime, found.place


def test_the_first_choice_sends_nothing_anywhere() -> None:
    """It is what RETURN picks."""
    first = next(choices({"ANTHROPIC_API_KEY": "k", "PATH": ""}))

    assert first.settings == {"observer_runtime": "extractive"}


def test_a_key_is_offered_with_its_vendor() -> None:
    """The host stands in the text: whoever chooses knows where text goes."""
    offered = list(choices({"ANTHROPIC_API_KEY": "k", "PATH": ""}))

    assert [each.settings.get("observer_provider") for each in offered] == [None, "anthropic"]
    assert "api.anthropic.com" in offered[1].text


def test_text_stays_here_until_somebody_chooses() -> None:
    """A key that merely stands in the environment is not used."""
    assert where({"OPENAI_API_KEY": "k"}) == ("extractive", "")


def test_the_place_is_the_host_of_the_base_url() -> None:
    """A server on this machine is no place that text goes to."""
    chosen = {"CODEMEM_OBSERVER_API_KEY": "k", "CODEMEM_OBSERVER_MODEL": "m"}

    away = where({**chosen, "CODEMEM_OBSERVER_BASE_URL": "https://gateway.example/v1"})
    here = where({**chosen, "CODEMEM_OBSERVER_BASE_URL": "http://127.0.0.1:1234/v1"})

    assert (away, here) == (("api_http", "gateway.example"), ("api_http", ""))
