"""Rules for every record whose seam has none of its own."""

from __future__ import annotations

from codemem_core.testing.conformance import Rule, Subject


def names_something_callable(subject: Subject) -> None:
    """The host imports the target when it first needs it, and calls it."""
    assert callable(subject.target), f"`{subject.record.target}` cannot be called"


RULES: tuple[Rule, ...] = (names_something_callable,)
