"""What observing cost."""

from __future__ import annotations

import time
from typing import Any

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.observers.budget import Limits, day_start_ms
from codemem_core.observers.prices import prices_as_of
from codemem_core.store import usage as store_usage

_DAY_MS = 86_400_000
_ROW = "{:<10}  {:<14}  {:<24}  {:>5}  {:>9}  {:>9}  {:>9}"
_AGENT_ROW = "{:<52}  {:>5}  {:>9}  {:>9}  {:>9}"


@click.command()
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 3650))
@db_option
@json_option
@pass_host
def usage(host: Host, days: int, db_path: str | None, as_json: bool) -> None:
    """Show what observing cost, by day (UTC), runtime and model, and by agent.

    Example: codemem usage --days 30
    """
    today_ms = day_start_ms(time.time_ns() // 1_000_000)
    since_ms = today_ms - (days - 1) * _DAY_MS
    with host.store(db_path) as store, store.read() as db:
        rows = store_usage.by_day(db, since_ms=since_ms)
        agents = store_usage.by_agent(db, since_ms=since_ms)
        reasons = store_usage.fall_backs(db, since_ms=since_ms)
        today = store_usage.spent(db, since_ms=today_ms)
    limits = Limits.of(host.settings)
    if as_json:
        names = ("tokens_day", "tokens_session", "usd_day", "usd_session")
        say_json(
            {
                "days": rows,
                "agents": agents,
                "today": {"tokens": today.tokens, "usd": today.usd},
                "limits": {name: getattr(limits, name) or None for name in names},
                "fell_back": reasons,
            }
        )
        return
    _table(rows)
    _agent_table(agents)
    say(f"\ntoday: {today.tokens:,} tokens{_of(limits.tokens_day)}, {_of_money(today.usd, limits)}")
    for reason, count in reasons.items():
        say(f"answered without a model, {count} times: {reason}")


def _table(rows: list[dict[str, Any]]) -> None:
    say(_ROW.format("day", "runtime", "model", "calls", "in", "out", "US$"))
    for row in rows:
        count = [f"{row[name]:,}" for name in ("calls", "tokens_in", "tokens_out")]
        say(_ROW.format(row["day"], row["runtime"], row["model"], *count, _money(row)))
    if any(row["unpriced"] for row in rows):
        say("? no price is known for the model: `observer_prices` may name one")
    if any(row["cost_usd"] for row in rows):
        say(f"prices of {prices_as_of()}, where the provider does not tell: see `observer_prices`")
    if any(row["estimated"] for row in rows):
        say("some tokens are estimated: nobody counted them, or the answer was lost")


def _agent_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    say("\n" + _AGENT_ROW.format("agent", "calls", "in", "out", "US$"))
    for row in rows:
        count = [f"{row[name]:,}" for name in ("calls", "tokens_in", "tokens_out")]
        say(_AGENT_ROW.format(row["agent"], *count, _money(row)))


def _money(row: dict[str, Any]) -> str:
    shown = "" if row["cost_usd"] is None else f"{row['cost_usd']:.4f}"
    return shown + ("?" if row["unpriced"] else "")


def _of(limit: float) -> str:
    return f" of {limit:,}" if limit else ""


def _of_money(usd: float, limits: Limits) -> str:
    return f"${usd:.4f}" + (f" of ${limits.usd_day:.2f}" if limits.usd_day else "")
