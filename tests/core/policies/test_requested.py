"""A host's hook may ask that its session becomes memories now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codemem_core.config.settings import Settings
from codemem_core.policies.requested import Requested
from codemem_core.records.event import StreamState

STATE = StreamState(
    source="any",
    stream_id="s1",
    project="demo",
    pending=3,
    pending_tools=1,
    pending_prompts=1,
    first_pending_ms=0,
    last_received_ms=0,
    last_event_type="assistant",
)


@pytest.mark.parametrize(("asked", "due"), [(True, True), (False, False), (None, False)])
def test_only_what_the_newest_hook_asked_for_counts(asked: bool | None, due: bool) -> None:
    """Whichever host it came from."""
    state = replace(STATE, flush_asked=asked)

    assert Requested(Settings.load({})).due(state, now_ms=1).due is due
