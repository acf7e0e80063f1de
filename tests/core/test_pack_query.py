"""What to ask for a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.pack.query import MAX_CHARS, injection_query, meant


def test_the_prompt_is_asked_and_the_session_stands_beside_it() -> None:
    """First prompt and the names of the last five files give it a setting, no more."""
    files = [f"src/f{n}.py" for n in range(7)]

    asked, around = injection_query("Add a lease", "now test  the renewal\nof leases", files)

    assert asked == "now test the renewal of leases"
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
def test_query_is_short_and_never_empty(first: str, prompt: str, files: list[str]) -> None:
    """Whatever the session holds."""
    asked, _ = injection_query(first, prompt, files)

    assert 0 < len(asked) <= 2 * MAX_CHARS + 1
