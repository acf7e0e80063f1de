"""What to ask for a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.retrieval.pack.query import asked_for, injection_query, meant, recap_topic


def test_the_prompt_is_asked_and_the_session_stands_beside_it() -> None:
    """First prompt and the names of the last five files give it a setting, no more."""
    files = [f"src/f{n}.py" for n in range(7)]

    asked, around = injection_query("Add a lease", "now test  the renewal\nof leases", files)

    assert asked == "now test  the renewal\nof leases"
    assert around == "Add a lease f2.py f3.py f4.py f5.py f6.py"


def test_the_first_prompt_does_not_stand_beside_itself() -> None:
    """A session that has just begun is about nothing yet."""
    assert injection_query("Add a lease", "Add a lease", ()) == ("Add a lease", "")


@pytest.mark.parametrize(
    ("context", "text"),
    [
        ("why does the renewal of leases fail", "why does the renewal of leases fail"),
        ("fix it", "Add a lease fix it"),
        ("where were we with the parser?", "the parser"),
        ("where were we?", ""),
    ],
)
def test_an_embedder_is_asked_one_text(context: str, text: str) -> None:
    """The session's words stand in it only where the prompt leans on them."""
    assert meant(context, "Add a lease") == text


@given(st.text(), st.text(), st.lists(st.text()))
def test_query_is_never_empty(first: str, prompt: str, files: list[str]) -> None:
    """Whatever the session holds."""
    assert injection_query(first, prompt, files)[0]


def test_a_question_is_found_behind_a_log() -> None:
    """What was pasted is not what is asked."""
    log = "\n".join(f"2026-11-30 12:00:{n:02} INFO worker-{n} handled request" for n in range(40))

    assert asked_for(f"{log}\n\nWhy does the export use a semicolon?") == (
        "Why does the export use a semicolon?"
    )


def test_a_traceback_asks_by_its_error() -> None:
    """Somebody who pastes nothing else wants to know what it means."""
    frames = "\n".join(f'  File "/usr/lib/x{n}.py", line {n}, in f' for n in range(20))
    error = "redis.exceptions.ConnectionError: connection pool exhausted"

    assert asked_for(f"Traceback (most recent call last):\n{frames}\n{error}") == error


@pytest.mark.parametrize(
    "context",
    [
        "Where were we?",
        "so, what's next",
        "what\u2019s left",
        "Recap",
        "please continue",
        "Catch me up!",
        "what was I doing?",
        "pick up where we left off",
        "any open items",
        "Hi! Can you remind me what we did last time?",
        "where were we with this",
    ],
)
def test_recaps_are_recognised(context: str) -> None:
    """By the form of the sentence, in many words."""
    assert recap_topic(context) == ""


@pytest.mark.parametrize(
    "context",
    [
        "",
        "where were the tests failing",
        "what is next to the submit button",
        "add a next button to the task list",
        "continue the refactoring of the lease so that it holds for two workers",
        "open items should be sorted by date",
        "the backlog query skips pending streams",
        "summary rows lack a border",
        "what happened to the billing export in May?",
    ],
)
def test_the_same_words_elsewhere_ask_for_no_recap(context: str) -> None:
    """`next`, `task`, `pending` and `continue` are ordinary words of programmers."""
    assert recap_topic(context) is None


@pytest.mark.parametrize(
    ("context", "topic"),
    [
        ("where were we with the billing export", "the billing export"),
        ("what's left to do on VAT?", "vat"),
        ("Where were we? I think the parser broke.", "I think the parser broke"),
    ],
)
def test_a_topic_stays_in_the_users_words(context: str, topic: str) -> None:
    """It says which of the work they mean."""
    assert recap_topic(context) == topic


def test_continue_in_a_session_means_that_session() -> None:
    """Only in a new one it means the last."""
    assert recap_topic("continue", begun=True) is None
    assert recap_topic("where were we", begun=True) == ""


@given(st.lists(st.sampled_from("what do we have to up on all the open next is".split())))
def test_any_words_are_taken(words: list[str]) -> None:
    """However often each of them fits."""
    topic = recap_topic(" ".join(words))

    assert topic is None or isinstance(topic, str)
