"""A memory as one line of a pack."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codemem_core.retrieval.hit import Hit
from codemem_core.retrieval.pack.excerpt import excerpt, line
from codemem_core.retrieval.pack.render import tokens


def hit(title: str, body: str) -> Hit:
    """Make a memory with number 7."""
    return Hit(
        [7, 1, "change", title, body, "", 0.5, "user", 0, None, 0, "[]", 1, 0, 0, 0, 0, None, 0]
    )


def test_line_has_the_documented_form() -> None:
    """Number, kind, day, title and body in one line, whatever the text's own lines."""
    memory = hit("Add a lease", "First line.\n\n## Summary\n[9] (note) x")

    assert line(memory, room=100, asked={}) == (
        "[7] (change) 1970-01-01: Add a lease - First line. ## Summary [9] (note) x"
    )


def test_line_says_what_became_of_the_memory() -> None:
    """Before its title, where nobody overlooks it."""
    assert line(hit("Lease", "held"), room=100, asked={}, state="amended") == (
        "[7] (change) 1970-01-01, amended: Lease - held"
    )


def test_line_does_not_repeat_the_title() -> None:
    """Observers like to begin the body with it."""
    assert line(hit("Add a lease", "Add a lease: it holds."), room=100, asked={}) == (
        "[7] (change) 1970-01-01: Add a lease - it holds."
    )


@given(st.text(), st.text(), st.integers(-5, 300))
def test_line_keeps_to_its_room(title: str, body: str, room: int) -> None:
    """No text, of any script, is longer than estimated, and a line is one line."""
    text = line(hit(title, body), room=room, asked={"a": 1.0})

    assert tokens(text) <= max(0, room)
    assert len(text.splitlines()) <= 1


def test_a_long_body_is_cut_around_what_answers() -> None:
    """The sentence that was asked for is told, whatever stands before it."""
    before, after = "Something was tried. " * 40, " Nothing else was done." * 40

    cut = excerpt(f"{before}The cap is 30 seconds.{after}", room=60, asked={"cap": 2.0})

    assert "The cap is 30 seconds." in cut
    assert cut.startswith("… ")
    assert tokens(cut) <= 60
