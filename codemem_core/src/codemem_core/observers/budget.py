"""The user's limits on what observing may cost, looked at before each call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from codemem_core.errors import BudgetSpent
from codemem_core.observers.prices import Prices
from codemem_core.records.event import StreamKey
from codemem_core.store import usage
from codemem_core.store.usage import Spent, Usage

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings
    from codemem_core.records.protocols import ObserveRequest, ObserverReply
    from codemem_core.records.seams import ObserverRuntime
    from codemem_core.store.engine.store import Store

_CHARS_PER_TOKEN = 4
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCall:
    """One call of an observer, before it is made."""

    runtime: str
    offline: bool
    model: str
    source: str
    stream_id: str
    tokens_in: int
    """About how many; nobody knows before the provider counted them."""
    tokens_out: int
    """At most."""
    fell_back: str = ""

    @classmethod
    def of(
        cls, request: ObserveRequest, record: ObserverRuntime, *, model: str, fell_back: str = ""
    ) -> PricedCall:
        """Describe a request to a runtime."""
        return cls(
            runtime=record.name,
            offline=record.offline,
            model=model,
            source=request.evidence.source,
            stream_id=request.evidence.stream_id,
            tokens_in=tokens_of(request.instructions) + tokens_of(request.prompt),
            tokens_out=request.max_tokens or 0,
            fell_back=fell_back,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be spent; 0 sets no limit."""

    tokens_day: int
    tokens_session: int
    usd_day: float
    usd_session: float

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Read the limits from the settings."""
        return cls(
            tokens_day=settings.number("observer_budget_tokens_day"),
            tokens_session=settings.number("observer_budget_tokens_session"),
            usd_day=settings.real("observer_budget_usd_day"),
            usd_session=settings.real("observer_budget_usd_session"),
        )

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self.money or self.tokens_day or self.tokens_session)

    @property
    def money(self) -> bool:
        """Whether money is limited."""
        return bool(self.usd_day or self.usd_session)


class Purse:
    """Keeps calls within the limits and writes down what they cost.

    A call is let through only if its longest answer still fits, and calls of other threads that
    are under way count with theirs; so a day never costs more than its limit. Two processes may
    exceed it by one call each.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._limits = Limits.of(settings)
        self._lock = threading.Lock()
        self._held: list[tuple[PricedCall, Spent]] = []

    @contextmanager
    def holding(self, call: PricedCall) -> Iterator[None]:
        """Hold back what a call may cost at most; raises `BudgetSpent` when there is not enough."""
        prices = self._prices  # a price nobody can read is found before the call, not after it
        if call.offline or not self._limits.any:
            yield
            return
        held = call, self._at_most(call, prices)
        with self._lock:
            self._check(*held)
            self._held.append(held)
        try:
            yield
        finally:
            with self._lock:
                self._held.remove(held)

    def pay(self, call: PricedCall, reply: ObserverReply, *, dropped: Mapping[str, int]) -> None:
        """Write down what an answer cost, whatever becomes of it."""
        told = bool(reply.tokens_in or reply.tokens_out or call.offline)
        tokens_in = reply.tokens_in if told else call.tokens_in
        tokens_out = reply.tokens_out if told else tokens_of(reply.text)
        counted = replace(reply, tokens_in=tokens_in, tokens_out=tokens_out)
        self._record(call, counted, {"dropped": dict(dropped)}, estimated=not told)

    def has_paid(self, runtime: str) -> bool:
        """Return whether this runtime has answered for the database before."""
        with self._store.read() as db:
            return usage.was_asked(db, runtime)

    def pay_lost(self, call: PricedCall) -> None:
        """Write down what a call may have cost whose answer never came, at the most."""
        # Here: `codemem status` asks for the limits alone, and this takes 5 of its 60 ms.
        from codemem_core.records.protocols import ObserverReply  # noqa: PLC0415

        lost = ObserverReply(text="", tokens_in=call.tokens_in, tokens_out=call.tokens_out)
        self._record(call, lost, {"lost": True}, estimated=True)

    def _record(
        self,
        call: PricedCall,
        reply: ObserverReply,
        metadata: Mapping[str, object],
        *,
        estimated: bool,
    ) -> None:
        about = {"fell_back": call.fell_back, **metadata}
        paid = Usage(
            event="observe",
            runtime=call.runtime,
            model=reply.model or call.model,
            source=call.source,
            stream_id=call.stream_id,
            tokens_read=reply.tokens_in,
            tokens_cached=reply.tokens_cached,
            tokens_written=reply.tokens_out,
            cost_usd=self._cost(call, reply),
            metadata=about | {"estimated": True} if estimated else about,
        )
        self._store.write(lambda db: usage.record(db, paid, now_ms=_now_ms()))

    def _at_most(self, call: PricedCall, prices: Prices) -> Spent:
        usd = prices.cost(call.model, tokens_in=call.tokens_in, tokens_out=call.tokens_out)
        if usd is None and self._limits.money:
            raise BudgetSpent(f"no price for model `{call.model}`: add it to `observer_prices`")
        return Spent(tokens=call.tokens_in + call.tokens_out, usd=usd or 0.0)

    def _check(self, call: PricedCall, most: Spent) -> None:
        """Raise `BudgetSpent` if the call could exceed a limit."""
        stream = StreamKey(call.source, call.stream_id)
        with self._store.read() as db:
            day = usage.spent(db, since_ms=day_start_ms(_now_ms()))
            session = usage.spent(db, stream=stream)
        for other, held in self._held:
            day += held
            if StreamKey(other.source, other.stream_id) == stream:
                session += held
        limits = self._limits
        for limit, spent, what in (
            (limits.tokens_day, (day + most).tokens, "today's tokens"),
            (limits.tokens_session, (session + most).tokens, "the session's tokens"),
            (limits.usd_day, (day + most).usd, "today's money"),
            (limits.usd_session, (session + most).usd, "the session's money"),
        ):
            if limit and spent > limit:
                raise BudgetSpent(f"the limit on {what} is reached")

    def _cost(self, call: PricedCall, reply: ObserverReply) -> float | None:
        if call.offline:
            return 0.0
        if reply.cost_usd is not None:
            return reply.cost_usd
        used = {
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
            "cached": reply.tokens_cached,
        }
        cost = self._prices.cost(reply.model or call.model, **used)
        return self._prices.cost(call.model, **used) if cost is None else cost

    @cached_property
    def _prices(self) -> Prices:
        return Prices(self._settings.mapping("observer_prices"))


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has."""
    return len(text) // _CHARS_PER_TOKEN


def day_start_ms(now_ms: int) -> int:
    """Return when the day, in UTC, began."""
    return now_ms - now_ms % _DAY_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
