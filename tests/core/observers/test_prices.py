"""What tokens cost, by the table that ships and by the user's own."""

from datetime import date

import pytest

from codemem_core.errors import SettingsError
from codemem_core.observers.prices import Prices, prices_as_of


def cost(model: str, own: dict[str, str] | None = None) -> float | None:
    """Price a million tokens in, half of them cached, and a million out."""
    prices = Prices(own or {})
    return prices.cost(model, tokens_in=1_000_000, tokens_out=1_000_000, cached=500_000)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5.1-codex-mini",
        "gpt-5.1-codex-mini-2025-11-13",
        "openai/gpt-5.1-codex-mini",
        "openai/gpt-5.1-codex-mini-latest",
    ],
)
def test_a_model_has_one_price_under_all_its_names(model: str) -> None:
    """With its provider before it and the date of its release behind it."""
    assert cost(model) == pytest.approx(0.125 + 0.0125 + 2.0)


@pytest.mark.parametrize("model", ["", "gpt-5-pro", "gpt-5.1-codex-max", "qwen3:8b", "gpt"])
def test_a_similar_name_is_another_model(model: str) -> None:
    """A sister model may cost twelve times as much."""
    assert cost(model) is None


def test_the_users_price_stands_over_ours() -> None:
    """Two figures are a price without a cache."""
    own = {"gpt-5": "1 2", "qwen3:8b": "0 0 0"}

    assert cost("gpt-5", own) == 3.0
    assert cost("qwen3:8b", own) == 0.0


@pytest.mark.parametrize("price", ["", "1", "1 2 3 4", "1 x", "-1 2", "nan 1", "inf 1", "1,2"])
def test_a_price_that_is_none_is_named(price: str) -> None:
    """Before anything is spent."""
    with pytest.raises(SettingsError, match="my-model"):
        Prices({"my-model": price})


def test_the_table_says_of_which_day_it_is() -> None:
    """A person can tell how old it is."""
    assert date.fromisoformat(prices_as_of()) >= date(2026, 11, 22)
