"""Rules as they stand, and the agents that heard them."""

from __future__ import annotations

from dataclasses import replace

from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_core.store.user_rules import agents_of, all_rules
from tests.conftest import EventMaker
from tests.core.flush.test_flusher import flusher, reply

RULE = "Always use tabs in Makefiles."


def test_a_rule_names_every_agent_that_heard_it(store: Store, make_event: EventMaker) -> None:
    """Once each, also when it was said again in another agent's session."""
    for stream, source in enumerate(("codex", "claude", "codex")):
        made = make_event(text=RULE, stream_id=f"s{stream}")
        event = replace(made, source=source, project="demo")
        store.write(lambda db, event=event: events.append(db, [event], now_ms=1))
        flusher(store, reply()).flush(source, event.stream_id)

    with store.read() as db:
        [rule] = all_rules(db)
        heard_by = agents_of(db, [rule])

    assert (rule.text, rule.support) == (RULE, 3)
    assert heard_by == {rule.id: ["claude", "codex"]}
