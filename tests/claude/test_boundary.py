"""When a Claude Code session becomes memories at once."""

from __future__ import annotations

import pytest

from codemem_claude.boundary import Boundary
from codemem_claude.events import Claude
from codemem_claude.hook_host import HOST, SETTINGS
from codemem_core.config.settings import Settings
from codemem_core.hooks.hand_over import stamp
from codemem_core.records.event import StreamState
from codemem_core.records.protocols import EventContext

END = {"hook_event_name": "SessionEnd", "session_id": "s1", "reason": "other"}
STOP = {"hook_event_name": "Stop", "session_id": "s1", "last_assistant_message": "Done."}


def is_due(payload: dict[str, object], hook: dict[str, str], server: dict[str, str]) -> bool:
    """Send a payload from a hook with one environment to a server with another."""
    payload = dict(payload)
    stamp(HOST, payload, Settings.load(hook, extra=SETTINGS))
    event = Claude(Settings.load({}, extra=SETTINGS)).normalize(payload, context=EventContext())
    assert event
    state = StreamState(
        source="claude", stream_id="s1", project=None, pending=1, pending_tools=0,
        pending_prompts=0, first_pending_ms=1, last_received_ms=1,
        last_event_type=event.event_type, flush_asked=event.meta["flush"],
    )  # fmt: skip
    return Boundary(Settings.load(server, extra=SETTINGS)).due(state, now_ms=2).due


@pytest.mark.parametrize(
    ("payload", "environ", "due"),
    [
        (END, {}, True),
        (END, {"CODEMEM_CLAUDE_HOOK_FLUSH": "0"}, False),
        (STOP, {}, False),
        (STOP, {"CODEMEM_CLAUDE_HOOK_FLUSH_ON_STOP": "1"}, True),
        (STOP, {"CODEMEM_CLAUDE_HOOK_FLUSH_ON_STOP": "1", "CODEMEM_CLAUDE_HOOK_FLUSH": "0"}, False),
    ],
)
def test_the_hooks_environment_decides(
    payload: dict[str, object], environ: dict[str, str], due: bool
) -> None:
    """Whatever the server's own says."""
    opposite = {"CODEMEM_CLAUDE_HOOK_FLUSH": "0" if due else "1"}

    assert is_due(payload, environ, opposite) == due
