"""codemem-fifth keeps the rules of its seams."""

from codemem_fifth.plugin import SETUP, SOURCE

from codemem_core.testing import conforms

WHERE = {"session": "f1", "ts": "2026-01-31T12:00:00Z", "dir": "/work/shop"}
PATCH = "*** Begin Patch\n*** Update File: login.py\n@@\n-a\n+b\n*** End Patch"
SAMPLES = [
    {**WHERE, "event": "opened"},
    {**WHERE, "event": "asked", "words": "fix the login"},
    {
        **WHERE,
        "event": "used",
        "call": "c1",
        "tool": "amend",
        "with": {"patch": PATCH},
        "status": 0,
    },
    {
        **WHERE,
        "event": "used",
        "call": "c2",
        "tool": "shell",
        "with": {"line": "pytest"},
        "status": 1,
    },
    {**WHERE, "event": "answered", "words": "Fixed."},
    {**WHERE, "event": "closed"},
]

test_source = conforms(SOURCE, samples=SAMPLES)
test_setup = conforms(SETUP)
