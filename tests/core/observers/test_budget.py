"""The user's limits on tokens and money hold, whatever the observer does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import BudgetSpent, SettingsError, TransientError
from codemem_core.observers.budget import PricedCall, Purse, day_start_ms
from codemem_core.records.protocols import ObserverReply
from codemem_core.store import usage
from codemem_core.store.engine.store import Store
from codemem_core.store.usage import Spent, Usage

OPEN: dict[str, str] = {"observer_max_tokens": "400"}
DAY_MS = 86_400_000


def purse(store: Store, **settings: str) -> Purse:
    """Make a purse; answers have at most 400 tokens."""
    environ = {f"CODEMEM_{name.upper()}": value for name, value in (OPEN | settings).items()}
    return Purse(store, Settings.load(environ))


def call(stream_id: str = "s1", **fields: Any) -> PricedCall:
    """Describe a call of 100 tokens in."""
    known: dict[str, Any] = {"runtime": "api_http", "offline": False, "model": "gpt-5-mini"}
    known |= {"source": "claude", "stream_id": stream_id, "tokens_in": 100, "tokens_out": 400}
    return PricedCall(**known | fields)


def reply(tokens_in: int = 100, tokens_out: int = 400, **fields: Any) -> ObserverReply:
    """Answer, by default as expensively as may be."""
    return ObserverReply(text="x" * 40, tokens_in=tokens_in, tokens_out=tokens_out, **fields)


def ask(purse: Purse, stream_id: str = "s1", **fields: Any) -> None:
    """Make one call and pay for it."""
    made = call(stream_id, **fields)
    with purse.holding(made):
        purse.pay(made, reply(), dropped={})


def calls_until_refused(once: Callable[[], None]) -> int:
    """Count the calls that are let through."""
    for count in range(100):
        try:
            once()
        except BudgetSpent:
            return count
    return 100


def total(store: Store, **which: Any) -> Spent:
    """Return what was spent."""
    with store.read() as db:
        return usage.spent(db, **which)


@pytest.mark.parametrize(
    ("limit", "value", "calls"),
    [
        ("tokens_day", "1500", 3),
        ("tokens_day", "1499", 2),
        ("tokens_session", "1000", 2),
        ("tokens_day", "499", 0),
        ("usd_day", "0.0025", 3),
        ("usd_session", "0.0017", 2),
        ("tokens_day", "0", 100),
    ],
)
def test_no_call_is_made_that_could_exceed_a_limit(
    store: Store, limit: str, value: str, calls: int
) -> None:
    """Each costs 500 tokens, or $0.000825; 0 sets no limit."""
    limited = purse(store, **{f"observer_budget_{limit}": value})

    assert calls_until_refused(lambda: ask(limited)) == calls


def test_a_sessions_limit_is_its_own(store: Store) -> None:
    """Another session goes on."""
    limited = purse(store, observer_budget_tokens_session="500")
    ask(limited, "s1")

    ask(limited, "s2")

    with pytest.raises(BudgetSpent, match="session's tokens"):
        ask(limited, "s1")


def test_yesterdays_spending_does_not_count_today(store: Store) -> None:
    """The day begins at midnight, UTC."""
    spent = Usage(event="observe", tokens_read=10_000)
    with store.read() as db:
        now_ms = int(db.execute("SELECT unixepoch() * 1000").get)
    store.write(lambda db: usage.record(db, spent, now_ms=day_start_ms(now_ms) - 1))

    ask(purse(store, observer_budget_tokens_day="500"))

    assert total(store, since_ms=day_start_ms(now_ms)).tokens == 500


def test_threads_do_not_exceed_it_together(store: Store) -> None:
    """What others hold counts as spent: of eight at once, three are let through."""
    limited = purse(store, observer_budget_tokens_day="1500")
    over, refused = threading.Event(), []

    def work() -> None:
        try:
            with limited.holding(call()):
                over.wait(10)
        except BudgetSpent as spent:
            refused.append(spent)
            if len(refused) == 5:
                over.set()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 5
    assert over.is_set()


def test_a_call_that_fails_gives_back_what_it_held(store: Store) -> None:
    """Nothing was answered, nothing is owed."""
    limited = purse(store, observer_budget_tokens_day="500")

    with pytest.raises(TransientError), limited.holding(call()):
        raise TransientError("no answer")

    ask(limited)


def test_an_answer_that_was_lost_counts_with_its_longest(store: Store) -> None:
    """The provider may have written all of it; the limit holds all the same."""
    limited = purse(store, observer_budget_tokens_day="1000")

    limited.pay_lost(call())

    [row] = days(store)
    assert (row["tokens_in"], row["tokens_out"], row["estimated"]) == (100, 400, 1)
    assert calls_until_refused(lambda: ask(limited)) == 1


def test_an_offline_runtime_is_free(store: Store) -> None:
    """It answers with the budget spent, and is written down with a cost of nothing."""
    limited = purse(store, observer_budget_tokens_day="1")
    free = call(runtime="extractive", offline=True, fell_back="no budget")

    with limited.holding(free):
        limited.pay(free, ObserverReply(text="{}", model="extractive-1"), dropped={})

    [row] = days(store)
    assert (row["runtime"], row["tokens_in"], row["cost_usd"]) == ("extractive", 0, 0.0)
    assert row["fell_back"] == 1


def test_without_a_price_a_limit_on_money_lets_nothing_through(store: Store) -> None:
    """Nobody could say when it is reached; the reason names the setting."""
    with pytest.raises(BudgetSpent, match="observer_prices"):
        ask(purse(store, observer_budget_usd_day="5"), model="qwen3:8b")

    prices = '{"qwen3:8b": "0 0"}'
    ask(purse(store, observer_budget_usd_day="5", observer_prices=prices), model="qwen3:8b")


def test_a_price_nobody_can_read_is_found_before_the_call(store: Store) -> None:
    """Afterwards the money would be gone and not written down."""
    with (
        pytest.raises(SettingsError, match="observer_prices"),
        purse(store, observer_prices='{"m": "cheap"}').holding(call()),
    ):
        pytest.fail("the call was let through")


def days(store: Store) -> list[dict[str, Any]]:
    """Return what was spent, by day."""
    with store.read() as db:
        return usage.by_day(db, since_ms=0)


@pytest.mark.parametrize(
    ("answer", "tokens", "usd", "estimated"),
    [
        (reply(100, 400), (100, 400), 0.000825, 0),
        (reply(100, 400, tokens_cached=100), (100, 400), 0.0008025, 0),
        (reply(100, 400, cost_usd=0.5), (100, 400), 0.5, 0),
        (reply(100, 400, model="gpt-5-mini-2025-08-07"), (100, 400), 0.000825, 0),
        (reply(100, 400, model="unheard-of"), (100, 400), 0.000825, 0),
        (reply(0, 0), (100, 10), 0.000045, 1),
    ],
    ids=["table", "cached", "told", "dated", "renamed", "uncounted"],
)
def test_what_an_answer_cost_is_written_down(
    store: Store,
    answer: ObserverReply,
    tokens: tuple[int, int],
    usd: float,
    estimated: int,
) -> None:
    """What the provider says, else the table; uncounted tokens are counted by characters."""
    purse(store).pay(call(), answer, dropped={"blank": 1})

    [row] = days(store)
    assert (row["tokens_in"], row["tokens_out"]) == tokens
    assert row["cost_usd"] == pytest.approx(usd)
    assert row["estimated"] == estimated
