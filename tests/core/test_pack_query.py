"""What to ask for a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.pack.query import MAX_CHARS, injection_query, is_recap


def test_query_joins_what_the_session_is_about() -> None:
    """First prompt, this prompt, project and the names of the last five files."""
    files = [f"src/f{n}.py" for n in range(7)]

    query = injection_query("Add a lease", "now test  it\nplease", "demo", files)

    assert query == "Add a lease now test it please demo f2.py f3.py f4.py f5.py f6.py"


def test_a_short_answer_leans_on_the_session() -> None:
    """`ok` asks for nothing of its own."""
    assert injection_query("Add a lease", "ok", None, ()) == "Add a lease"


def test_a_long_first_prompt_leaves_room_for_the_current_one() -> None:
    """The question being asked is never cut off by an older one."""
    query = injection_query("a" * 900, "What about the lease?", "demo", ["src/lease.py"])

    assert "What about the lease? demo lease.py" in query


@given(st.text(), st.text(), st.none() | st.text(), st.lists(st.text()))
def test_query_is_short_and_never_empty(
    first: str, prompt: str, project: str | None, files: list[str]
) -> None:
    """Whatever the session holds."""
    assert 0 < len(injection_query(first, prompt, project, files)) <= MAX_CHARS


@pytest.mark.parametrize(
    "context",
    [
        "Where were we?",
        "so, what's next",
        "what\u2019s left",
        "Recap",
        "please continue",
        "Catch me up!",
    ],
)
def test_recap_questions_are_recognised(context: str) -> None:
    """By a whole phrase, or an order with hardly anything behind it."""
    assert is_recap(context)


@pytest.mark.parametrize(
    "context",
    [
        "",
        "add a next button to the task list",
        "continue the refactoring of the lease so that it holds for two workers",
        "the backlog query skips pending streams",
        "summary rows lack a border",
    ],
)
def test_words_inside_a_sentence_ask_for_no_recap(context: str) -> None:
    """`next`, `task`, `pending` and `continue` are ordinary words of programmers."""
    assert not is_recap(context)
