"""The observer without a model, as the flusher calls it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_sessions import (
    FAILED,
    PASSED,
    asked,
    between,
    committed,
    edited,
    observed,
    ran,
    reply_to,
    said,
    titles_of,
)

from codemem_core.distil.parse import parse_reply
from codemem_core.records.event import ORIGINS
from codemem_core.records.evidence import (
    TOOL_KINDS,
    Answer,
    Boundary,
    EvidenceItem,
    Message,
    Prompt,
    ToolCall,
)
from codemem_core.records.memory import OBSERVED_KINDS
from codemem_observers.extractive.titles import MAX_TITLE


@pytest.mark.parametrize(
    "items",
    [
        (),
        (asked("hi"), said("Hello! How can I help you today?")),
        (asked("thanks!"), said("You're welcome.")),
        (ToolCall(kind="read", name="Read", files_read=("/w/shop/a.py",)),),
        (ran("ls -la", "total 0"), said("Done!")),
    ],
)
def test_nothing_worth_telling_gives_nothing(items: tuple[EvidenceItem, ...]) -> None:
    """Greetings and mere looking around leave no memory."""
    observations, _ = observed(*items)

    assert observations == []


def test_answered_question_is_titled_by_the_answer() -> None:
    """The memory states what was found out; it does not ask."""
    titles = titles_of(
        asked("Why is the first request slow?"),
        said("Good question. The first request is slow because the schema is loaded on first use."),
    )

    assert titles == ["The first request is slow because the schema is loaded on first use"]


def test_what_the_user_shows_to_be_wrong_is_left_out() -> None:
    """An explanation that the next prompt contradicts is not told as if it held."""
    titles = titles_of(
        asked("Why are there warnings?"),
        said("The warnings are gone because the linter was upgraded."),
        asked("that's wrong, they are still there"),
        said("The warnings come from the generated client, because it uses `any`."),
    )

    assert "The warnings are gone because the linter was upgraded" not in titles
    assert any("generated client" in title for title in titles)


def test_guess_on_the_way_is_no_finding() -> None:
    """Between tools, only what explains without guessing is kept."""
    titles = titles_of(
        asked("The share is empty, find out why"),
        between("It might be a timing problem because the page loads slowly."),
        ran("cat share.py", "…"),
        between("The lookup fails because the key carries a `0x` prefix."),
        edited("share.py", "get(key)", "get(key.removeprefix('0x'))"),
        said("Lookups strip the prefix now."),
    )

    assert not any("timing" in title for title in titles)
    assert any("`0x` prefix" in title for title in titles)


def test_cause_survives_the_correction_of_the_fix() -> None:
    """The user rejects the remedy; why it was broken stays true, in any language."""
    titles = titles_of(
        asked("die Schreibzugriffe laufen in einen Timeout, bitte behebe das"),
        edited("db.py", "LOCK_WAIT=5", "LOCK_WAIT=30"),
        said("Die Ursache war, dass die Sperre 20 s gehalten wird. Ich habe LOCK_WAIT erhöht."),
        asked("nein, LOCK_WAIT in diesem Projekt nie über 10"),
        edited("db.py", "LOCK_WAIT=30", "LOCK_WAIT=10"),
        said("LOCK_WAIT ist jetzt 10."),
    )

    assert "Die Ursache war, dass die Sperre 20 s gehalten wird" in titles
    assert "Ich habe LOCK_WAIT erhöht" not in titles


def test_summary_names_every_commit_and_what_is_open() -> None:
    """Completed holds all subjects; next steps one line each."""
    _, summary = observed(
        asked("Queue the mails"),
        edited("mailer.py", "send()", "enqueue()"),
        committed("feat: queue the mails", "1111111"),
        committed("test: cover the queue", "2222222"),
        said("Mails are queued.\n\nRemaining:\n- document it\n- measure it"),
    )

    assert (
        "feat: queue the mails (1111111); test: cover the queue (2222222)" in summary["completed"]
    )
    assert sorted(summary["next_steps"].splitlines()) == [
        "- Remaining: document it.",
        "- Remaining: measure it.",
    ]


def test_external_material_is_left_out() -> None:
    """What came from the web or from MCP is neither cited nor repeated."""
    page = ToolCall(
        kind="run", name="Bash", command="curl x", output="error: pwned", origin="external"
    )
    observations, summary = observed(
        asked("Update the footer"),
        page,
        edited("footer.html", "2025", "2026"),
        said("The footer says 2026."),
    )

    assert "pwned" not in json.dumps([observations, summary])
    assert all(1 not in one["evidence"] for one in [*observations, summary])


def test_answer_is_the_same_every_time() -> None:
    """The same evidence gives the same reply, to the byte."""
    items = (
        asked("Fix the total"),
        edited("cart.py", "a = 1\nb", "c = 1\nd"),
        ran("pytest", PASSED),
    )

    assert reply_to(*items) == reply_to(*items)


TEXT = st.text(max_size=200) | st.sampled_from(
    [
        FAILED,
        PASSED,
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b",
        "# H\n- a\n  - b:",
        "no, because it failed",
    ]
)
ITEMS = st.one_of(
    st.builds(Prompt, text=TEXT),
    st.builds(Message, text=TEXT, final=st.booleans()),
    st.builds(Answer, text=TEXT, question=TEXT),
    st.builds(Boundary, kind=st.sampled_from(["stop", "end"]), interrupted=st.booleans()),
    st.builds(
        ToolCall,
        kind=st.sampled_from(sorted(TOOL_KINDS)),
        name=st.just("tool"),
        files_changed=st.lists(st.sampled_from(["a.py", "/w/shop/b.py"]), max_size=2).map(tuple),
        command=st.none() | TEXT | st.sampled_from(["git commit -m x", "git restore ."]),
        output=TEXT,
        error=st.none() | TEXT,
        refused=st.booleans(),
        interrupted=st.booleans(),
        origin=st.sampled_from(ORIGINS),
    ),
)


@given(st.lists(ITEMS, max_size=12))
def test_any_evidence_gives_a_valid_reply(items: list[EvidenceItem]) -> None:
    """Whatever the evidence, the reply parses, its titles are short and its kinds are known."""
    text = reply_to(*items)

    found = parse_reply(text)
    assert all(one.kind in OBSERVED_KINDS for one in found.observations)
    assert all(len(one["title"]) <= MAX_TITLE for one in json.loads(text)["observations"])
    assert all(0 <= seq < len(items) for one in found.observations for seq in one.evidence)
