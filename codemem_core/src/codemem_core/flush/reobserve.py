"""Distil stored events again: another observer's memories take the place of the earlier ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import apsw

from codemem_core._version import __version__
from codemem_core.config.settings import Settings
from codemem_core.distil.distiller import (
    announce,
    around,
    distil,
    memory_key,
    stored_events,
    worth_observing,
)
from codemem_core.distil.evidence_builder import collect
from codemem_core.distil.preferences import preferences_in
from codemem_core.distil.reconcile import settle
from codemem_core.flush.flusher import EXTRACTOR
from codemem_core.observers.budget import Purse, tokens_of
from codemem_core.observers.observe import Observing, runtime_name
from codemem_core.observers.prices import Prices
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import RawEvent, StreamKey
from codemem_core.records.memory import NewMemory
from codemem_core.store import sessions
from codemem_core.store.completed_batches import Past, Wanted, past, supersede
from codemem_core.store.engine.store import Store


@dataclass(slots=True, kw_only=True)
class Plan:
    """What would be distilled again, and what that may cost."""

    runtime: str
    model: str = ""
    stretches: list[Past]
    left_alone: int = 0
    """Stretches of which a person took a memory back, or whose events are no longer stored."""
    tokens_in: int = 0
    """About."""
    tokens_out: int = 0
    """At most."""
    cost_usd: float | None = 0.0
    """At most; None when the model has no price."""

    @property
    def superseded(self) -> int:
        """How many memories others would take the place of."""
        return sum(stretch.memories for stretch in self.stretches)


class Reobserver:
    """Plans and does it, a stretch at a time; may be stopped and started again at any point."""

    def __init__(
        self, store: Store, plugins: Plugins, settings: Settings, *, model: str = ""
    ) -> None:
        """Take a model the user named for this, which its own memories must come from."""
        self._store = store
        self._plugins = plugins
        self._settings = settings
        self._observing = Observing(plugins, settings, purse=Purse(store, settings))
        self._model = model
        self.runtime = runtime_name(plugins, settings)
        named = (EXTRACTOR, self.runtime, __version__, *([model] if model else []))
        self._generation = "/".join(named)

    def plan(  # noqa: PLR0913 - what the command's options narrow
        self,
        *,
        source: str | None = None,
        stream_id: str | None = None,
        project: str | None = None,
        since_ms: int = 0,
        without_model: bool = False,
        limit: int = 100,
    ) -> Plan:
        """Look at what is stored; asks nobody. Raises `SettingsError` and `ObserverError`."""
        wanted = Wanted(
            generation=self._generation,
            runtime=self.runtime,
            version=__version__,
            any_model=not self._model,
            source=source,
            stream_id=stream_id,
            project=project,
            since_ms=since_ms,
            without_model=without_model,
            limit=limit,
        )
        with self._store.read() as db:
            found = past(db, wanted)
        plan = Plan(runtime=self.runtime, stretches=[])
        for stretch in found:
            raw = self._events(stretch)
            if not raw:
                plan.left_alone += 1
            elif worth_observing(collect(raw)):
                self._reckon(plan, stretch, raw)
        return plan

    def apply(self, stretch: Past) -> list[int] | None:
        """Distil one stretch and write its memories, all of them or none; return their ids.

        None means that it was left alone: its events are gone, or somebody else was faster. Raises
        the `ObserverError` classes, having changed nothing.
        """
        raw = self._events(stretch)
        if not raw:
            return None
        observe = partial(self._observing.observe, may_fall_back=False)
        beside = around(self._store, stretch, raw)
        found = distil(observe, stretch, raw, beside=beside).memories
        keyed = [
            replace(new, key=memory_key(stretch, self._generation, ordinal))
            for ordinal, new in enumerate(found)
        ]
        stated = preferences_in(raw)
        now_ms = time.time_ns() // 1_000_000

        def change(db: apsw.Connection) -> list[int] | None:
            def write(new: NewMemory, session: int, batch: int | None) -> int | None:
                return settle(db, new, session_id=session, batch=batch, now_ms=now_ms)

            written = supersede(
                db, stretch, keyed, write=write, generation=self._generation, now_ms=now_ms
            )
            if written is None:
                return None
            session = sessions.of_stream(
                db,
                StreamKey(stretch.source, stretch.stream_id),
                project=stretch.project,
                cwd=stretch.cwd,
                started_ms=now_ms,
            )
            # Rules have keys of their events: those that are there already stay as they are.
            rules = (write(new, session, None) for new in stated)
            return [*written, *(one for one in rules if one is not None)]

        written = self._store.write(change)
        announce(self._store, self._plugins, written or ())
        return written

    def _events(self, stretch: Past) -> list[RawEvent]:
        """Return the stretch's events; none if they are not all there, or are to be left alone."""
        raw = [] if stretch.forgotten else stored_events(self._store, self._plugins, stretch)
        return raw if len(raw) == stretch.events else []

    def _reckon(self, plan: Plan, stretch: Past, raw: Sequence[RawEvent]) -> None:
        evidence = collect(raw, project=stretch.project, cwd=stretch.cwd)
        request, model, offline = self._observing.preview(evidence)
        plan.stretches.append(stretch)
        plan.model = model
        if offline:
            return
        tokens_in = tokens_of(request.instructions) + tokens_of(request.prompt)
        tokens_out = self._settings.number("observer_max_tokens")
        prices = Prices(self._settings.mapping("observer_prices"))
        cost = prices.cost(model, tokens_in=tokens_in, tokens_out=tokens_out)
        plan.tokens_in += tokens_in
        plan.tokens_out += tokens_out
        known = plan.cost_usd is not None and cost is not None
        plan.cost_usd = (plan.cost_usd or 0.0) + (cost or 0.0) if known else None
