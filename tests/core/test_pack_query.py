"""What to ask for a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.pack.query import MAX_CHARS, injection_query, is_recap


def test_the_prompt_is_asked_and_the_session_stands_beside_it() -> None:
    """First prompt and the names of the last five files give it a setting, no more."""
    files = [f"src/f{n}.py" for n in range(7)]

    asked, around = injection_query("Add a lease", "now test  the renewal\nof leases", files)

    assert asked == "now test the renewal of leases"
    assert around == "Add a lease f2.py f3.py f4.py f5.py f6.py"


@pytest.mark.parametrize("prompt", ["ok", "now test it", "go on please"])
def test_a_short_prompt_leans_on_the_session(prompt: str) -> None:
    """It asks for hardly anything of its own."""
    assert injection_query("Add a lease", prompt, ())[0] == f"Add a lease {prompt}"


@given(st.text(), st.text(), st.lists(st.text()))
def test_query_is_short_and_never_empty(first: str, prompt: str, files: list[str]) -> None:
    """Whatever the session holds."""
    asked, _ = injection_query(first, prompt, files)

    assert 0 < len(asked) <= 2 * MAX_CHARS + 1


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
        "what happened to the billing export in May?",
    ],
)
def test_words_inside_a_sentence_ask_for_no_recap(context: str) -> None:
    """`next`, `task`, `pending` and `continue` are ordinary words of programmers."""
    assert not is_recap(context)
