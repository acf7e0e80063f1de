"""What a model may cost for sessions that are yet to be distilled."""

from __future__ import annotations

from dataclasses import dataclass

from codemem_core.config.settings import Settings
from codemem_core.observers.budget import tokens_of
from codemem_core.observers.observe import Observing
from codemem_core.observers.prices import Prices
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The most that calls of a model come to, were every prompt as long as it may be."""

    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    """None when the model has no price."""

    def text(self) -> str:
        """Return it in a sentence."""
        money = "no price is known" if self.cost_usd is None else f"at most ${self.cost_usd:.2f}"
        return (
            f"{self.model} would be asked {self.calls} times, if a credential for it is found: at "
            f"most {self.tokens_in:,} tokens in, {self.tokens_out:,} out, {money}"
        )


def estimate(plugins: Plugins, settings: Settings, *, calls: int) -> Estimate | None:
    """Return what `calls` may cost; None when the observer needs no model.

    Asks nobody. Raises `ObserverError` and `SettingsError`.
    """
    empty = Evidence(source="", stream_id="")
    request, model, offline = Observing(plugins, settings).preview(empty)
    if offline or not calls:
        return None
    prompt = "x" * settings.number("observer_max_chars")
    tokens_in = calls * (tokens_of(request.instructions) + tokens_of(prompt))
    tokens_out = calls * settings.number("observer_max_tokens")
    prices = Prices(settings.mapping("observer_prices"))
    return Estimate(
        model=model,
        calls=calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=prices.cost(model, tokens_in=tokens_in, tokens_out=tokens_out),
    )
