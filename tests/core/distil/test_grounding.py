"""Names a memory uses are looked up in what the observer was shown."""

from __future__ import annotations

import time

import pytest

from codemem_core.distil.grounding import Shown
from codemem_core.records.evidence import Evidence, Message, Prompt, ToolCall

SHOWN = Shown(
    Evidence(
        source="claude",
        stream_id="s1",
        project="demo",
        cwd="/w/demo",
        items=(
            Prompt(text="Look at ./docs/vat.md please"),
            ToolCall(
                kind="run", name="bash", command="cd src/billing && ls", output="vat.py\nold.py"
            ),
            ToolCall(kind="edit", name="edit", files_changed=("/w/demo/src/app/main.py",)),
            ToolCall(kind="run", name="bash", command="git commit", output="[main 3d4f5a6] Fix"),
            Message(text="Done in C:\\work\\app\\run.py."),
        ),
    )
)


@pytest.mark.parametrize(
    "path",
    [
        "src/app/main.py",
        "/w/demo/src/app/main.py",
        "main.py",
        "src/billing/vat.py",
        "docs/vat.md",
        "./docs/vat.md",
        "C:\\work\\app\\run.py",
    ],
)
def test_a_path_that_was_shown_is_found(path: str) -> None:
    """In full, below the session's folder, or part by part as after a `cd`."""
    assert SHOWN.unseen("", [path]) == []


@pytest.mark.parametrize(
    "path", ["src/app/made_up.py", "/w/other/main.py", "src/app/main.pyc", "lib/vat.py"]
)
def test_a_path_that_was_not_shown_is_told(path: str) -> None:
    """As a file of the memory, and in its prose."""
    assert SHOWN.unseen("", [path]) == [path]
    assert SHOWN.unseen(f"It is in `{path}`, line 3.", []) == [path]


@pytest.mark.parametrize(
    ("text", "unseen"),
    [
        ("Fixed in 3d4f5a6.", []),
        ("Fixed in 3d4f5a7 and 3d4f5a6.", ["3d4f5a7"]),
        (
            "Commit 0123456789abcdef0123456789abcdef01234567",
            ["0123456789abcdef0123456789abcdef01234567"],
        ),
        ("It cost 1234567 tokens, the facade decade, and/or more, e.g. Node.js.", []),
        ("Colour #a1b2c3d, see https://x.example/a/b.html and v1.2.3/x", []),
        ("uuid 1b2c3d4e-0000-4000-8000-0123456789ab", []),
        ("", []),
    ],
)
def test_commit_ids_in_prose(text: str, unseen: list[str]) -> None:
    """Numbers, words, colours, addresses and the like are none."""
    assert SHOWN.unseen(text, []) == unseen


@pytest.mark.parametrize("piece", ["a/", "../", "0a", "./a.b", "a.b/c.d ", "/" * 7])
def test_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """A reply is untrusted: no pattern of ours may be made to hang."""
    text = piece * (400_000 // len(piece))
    started = time.process_time()

    SHOWN.unseen(text, [])

    assert time.process_time() - started < 20.0
