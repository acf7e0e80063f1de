"""Rules for embedders."""

from __future__ import annotations

import math

from codemem_core.records.seams import Embedder
from codemem_core.testing.conformance import Rule, Subject

_TEXTS = ("why is VAT rounded once per rate", "", "日本語 and ünïcödé", "word " * 2_000)
_TOLERANCE = 1e-3
"""Batches are padded, which changes the last digits."""


def has_the_dimension_it_says(subject: Subject) -> None:
    """The store lays vectors out by it."""
    assert isinstance(subject.record, Embedder)
    found = subject.make().embed(list(_TEXTS))
    wanted = subject.record.dimension or len(found[0])
    for vector in found:
        assert len(vector) == wanted, f"{len(vector)} numbers"
        assert all(math.isfinite(number) for number in vector), "a number is not finite"


def gives_one_vector_a_text(subject: Subject) -> None:
    """They are matched by position; no text, no vector."""
    embedder = subject.make()
    assert len(embedder.embed(list(_TEXTS))) == len(_TEXTS)
    assert embedder.embed([]) == []


def gives_the_same_again(subject: Subject) -> None:
    """Vectors of different days are compared with each other."""
    first, again = subject.make().embed([_TEXTS[0]]), subject.make().embed([_TEXTS[0]])
    assert _close(first[0], again[0]), "the same text has two vectors"


def a_batch_equals_single_calls(subject: Subject) -> None:
    """A memory is embedded in a batch, a question alone."""
    embedder = subject.make()
    for text, vector in zip(_TEXTS, embedder.embed(list(_TEXTS)), strict=True):
        assert _close(vector, embedder.embed([text])[0]), f"differs for `{text[:20]}`"


def _close(one: list[float], other: list[float]) -> bool:
    scale = max(1.0, max(map(abs, one), default=1.0))
    return all(abs(a - b) <= _TOLERANCE * scale for a, b in zip(one, other, strict=True))


RULES: tuple[Rule, ...] = (
    has_the_dimension_it_says,
    gives_one_vector_a_text,
    gives_the_same_again,
    a_batch_equals_single_calls,
)
