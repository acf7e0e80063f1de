"""What a model's tokens cost.

The table that ships knows the models people use most, at the prices of the day it names; providers
change prices, so what the user writes into `observer_prices` stands over it. A model that neither
knows has no price: nothing is guessed.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from codemem_core.errors import SettingsError

_FILE = os.path.join(os.path.dirname(__file__), "prices.json")  # `importlib.resources`: 7 ms

_PER = 1_000_000
_DATE = re.compile(r"-(?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")


class Prices:
    """US dollars for a million tokens, by model.

    Written `input cached output` or, where the provider has no cache, `input output`. Raises
    `SettingsError` for what is neither.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        self._prices = {name: _price(name, text) for name, text in {**_shipped(), **own}.items()}

    def cost(self, model: str, *, tokens_in: int, tokens_out: int, cached: int = 0) -> float | None:
        """Return the dollars these tokens cost, or None when the model has no price."""
        price = self._of(model)
        if price is None:
            return None
        given, from_cache, answered = price
        parts = (tokens_in - cached) * given + cached * from_cache + tokens_out * answered
        return parts / _PER

    def _of(self, model: str) -> tuple[float, float, float] | None:
        """Look a model up by its name, without the date of its release, without its provider."""
        name = model.rpartition("/")[2]
        names = (model, name, _DATE.sub("", name))
        return next((self._prices[n] for n in names if n in self._prices), None)


def prices_as_of() -> str:
    """Return the day of the table that ships, as `2026-11-22`."""
    return str(_file()["as_of"])


def _shipped() -> dict[str, str]:
    table: dict[str, str] = _file()["usd_per_million_tokens"]
    return table


@cache
def _file() -> dict[str, Any]:
    with open(_FILE, encoding="utf-8") as file:
        whole: dict[str, Any] = json.load(file)
    return whole


def _price(name: str, text: str) -> tuple[float, float, float]:
    try:
        parts = [float(part) for part in text.split()]
    except ValueError:
        parts = []
    if len(parts) not in (2, 3) or not all(math.isfinite(p) and p >= 0 for p in parts):
        raise SettingsError(
            f"`observer_prices` has no price for `{name}` that can be used",
            hint='write dollars for a million tokens: `"input cached output"`',
        )
    return parts[0], parts[-2], parts[-1]
