"""Every part of the package keeps the rules of its seam."""

from codemem_jsonl.plugin import COMMAND, PANEL, POLICY, SOURCE

from codemem_core.testing import conforms

TIME = "2026-01-31T12:00:00Z"
SAMPLES = [
    {"session": "s1", "time": TIME, "kind": "start"},
    {"session": "s1", "time": TIME, "kind": "prompt", "text": "fix the login"},
    {"session": "s1", "time": TIME, "kind": "tool", "tool": "bash", "output": "2 passed"},
    {"session": "s1", "time": TIME, "kind": "tool", "tool": "bash", "output": "no", "ok": False},
    {"session": "s1", "time": TIME, "kind": "reply", "text": "Fixed."},
    {"session": "s1", "time": TIME, "kind": "end"},
    {"session": "s1", "time": TIME, "kind": "something else"},
]

test_source = conforms(SOURCE, samples=SAMPLES)
test_policy = conforms(POLICY)
test_command = conforms(COMMAND)
test_panel = conforms(PANEL)
