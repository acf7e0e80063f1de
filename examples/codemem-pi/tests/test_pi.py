"""Every part of the package keeps the rules of its seam."""

import pytest
from codemem_pi.events import Pi
from codemem_pi.plugin import COMMAND, SETUP, SOURCE

from codemem_core.api import EventContext, Settings
from codemem_core.testing import conforms

FIELDS = {"session_id": "s1", "cwd": "/w/shop", "timestamp": "2026-11-30T22:06:45.356Z"}
TOOL = {**FIELDS, "hook_event_name": "tool_result", "is_error": False}
SAMPLES = [
    {**FIELDS, "hook_event_name": "session_start", "source": "startup"},
    {**FIELDS, "hook_event_name": "before_agent_start", "prompt": "fix the VAT"},
    {**FIELDS, "hook_event_name": "message_end", "text": "Let me look.", "final": False},
    {
        **TOOL,
        "tool_name": "edit",
        "tool_call_id": "c1",
        "tool_input": {"path": "vat.py", "edits": [{"oldText": "x", "newText": "y"}]},
        "tool_output": "Successfully replaced text",
    },
    {
        **TOOL,
        "tool_name": "bash",
        "tool_call_id": "c2",
        "tool_input": {"command": "make"},
        "tool_output": "no rule\n\nCommand exited with code 2",
        "is_error": True,
    },
    {**FIELDS, "hook_event_name": "session_shutdown", "reason": "quit"},
    {**FIELDS, "hook_event_name": "turn_start"},
]

test_source = conforms(SOURCE, samples=SAMPLES)
test_command = conforms(COMMAND)
test_setup = conforms(SETUP)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (3, {"files_changed": ["vat.py"], "status": "ok"}),
        (4, {"command": "make", "exit_code": 2, "status": "error"}),
    ],
)
def test_a_tool_says_what_it_did(sample: int, expected: dict[str, object]) -> None:
    """The file it changed, the exit code of its command."""
    event = Pi(Settings.load({})).normalize(SAMPLES[sample], context=EventContext())

    assert event is not None
    assert {name: event.payload[name] for name in expected} == expected
