"""A session in a line, and its runs of tools."""

from __future__ import annotations

import pytest

from codemem_core.store.sessions import Session
from codemem_core.store.stories import Story
from codemem_viewer.story import Run, folded, in_a_line
from codemem_viewer.timeline import Entry


def call(tool: str, *, failed: bool = False, files: tuple[str, ...] = ()) -> Entry:
    """Return a tool call."""
    return Entry(what="tool", ms=1, head=tool, tool=tool, failed=failed, files=files)


def said(what: str) -> Entry:
    """Return something that was said."""
    return Entry(what=what, ms=1, head="Agent")


def story(**more: str | None) -> Story:
    """Return a session with what its summary says."""
    session = Session(
        id=7, project="p", cwd=None, source="claude", stream_id="s", started_ms=0, ended_ms=None,
        memories=1,
    )  # fmt: skip
    fields = {"request": None, "title": None, "completed": "", "next_steps": "", "notes": ""}
    fields |= more
    return Story(session=session, last_ms=5_000, files=0, summary_id=1, **fields)  # type: ignore[arg-type]


def test_tools_between_prompt_and_answer_are_one_run() -> None:
    """With what the agent said between them, counted by kind; failed edits changed nothing."""
    line = [
        said("prompt"),
        *(call("read"), said("message"), call("read"), call("edit", files=("a.py",))),
        *(call("edit", files=("b.py",), failed=True), call("mcp")),
        said("answer"),
    ]

    prompt, run, answer = folded(line)

    assert (prompt.what, answer.what) == ("prompt", "answer")
    assert isinstance(run, Run)
    assert run.head == "2 reads, 2 edits, 1 other tool"
    assert (run.failed, run.files) == (1, ["a.py"])


def test_words_without_a_tool_are_no_run() -> None:
    """They stand as they were said."""
    assert [entry.what for entry in folded([said("message"), said("answer")])] == [
        "message",
        "answer",
    ]


@pytest.mark.parametrize(
    ("asked", "summary", "title"),
    [
        ("Fix the export", None, "Fix the export"),
        ("Fix the export\nand tell me why", "Fix the export.", "Fix the export"),
        ("/clear", "Push the fixes.", "Push the fixes"),
        ("Implement the following plan:\n\n# Plan: Round once\n\nLong", None, "Round once"),
        (None, None, "Session 7"),
    ],
)
def test_a_session_is_called_what_it_was_begun_for(
    asked: str | None, summary: str | None, title: str
) -> None:
    """A bare command or a long plan gives way to the summary's title."""
    assert in_a_line(story(request=asked, title=summary)).title == title


@pytest.mark.parametrize(
    ("summary", "outcome", "commits"),
    [
        ({"completed": "Done. Commits: one (a1f28397), two (b0744b6)."}, "done", 2),
        ({"completed": "Done. Commits: one."}, "done", 1),
        ({"completed": "Half of it.", "next_steps": "- the rest\n- tests"}, "open", 0),
        ({"notes": "Reverted: all of it."}, "reverted", 0),
        ({}, "", 0),
    ],
)
def test_the_outcome_is_what_the_summary_says(
    summary: dict[str, str], outcome: str, commits: int
) -> None:
    """What is open counts before what is done."""
    told = in_a_line(story(**summary))

    assert (told.outcome, len(told.commits), told.length_ms) == (outcome, commits, 5_000)
