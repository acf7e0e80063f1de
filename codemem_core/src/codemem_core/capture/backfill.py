"""Complete the events that an earlier version stored, in the background of the server."""

from __future__ import annotations

import json
import time
from functools import partial

from codemem_core.capture.completion import completed
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import ADAPTER, json_text, split_payload
from codemem_core.store import upgrades
from codemem_core.store.engine.store import Store


def begin(store: Store) -> None:
    """Note what there is to look at, and mend times that no clock can have meant."""
    now_ms = time.time_ns() // 1_000_000
    store.write(upgrades.extend)
    store.write(partial(upgrades.bound_memories, now_ms=now_ms))


def fill(store: Store, plugins: Plugins) -> bool:
    """Complete one batch; return whether there is more.

    The sources are asked outside the transaction. Killed at any moment, the next server goes on
    where this one stopped.
    """
    with store.read() as db:
        batch = upgrades.batch(db)
    if batch is None:
        return False
    changed = {
        event.id: text
        for event in batch.events
        if (text := _completed(plugins, event.payload)) is not None
    }
    store.write(partial(upgrades.finish, done=batch, changed=changed))
    return True


def _completed(plugins: Plugins, text: str) -> str | None:
    """Return a stored payload with its common form completed; None when nothing is missing."""
    payload, event = split_payload(json.loads(text))
    if event is None:
        return None
    whole = completed(plugins, event)
    return None if whole is event else json_text({**payload, ADAPTER: whole.to_json()})
