"""Time grows with a text, not with its square, whatever somebody put together.

Each pattern meets its worst inputs at two sizes. Four times the text may take ten times as long,
which no noise does and anything quadratic exceeds.
"""

from __future__ import annotations

import time

import pytest

from codemem_core.redact import redact, strip_private
from codemem_core.redact.masks import ENDED, TOKEN_STARTS, WORDS

SIZE, FACTOR, BOUND = 2_000, 4, 10
FILLERS = ["", " x", "=a1B2c3D4e5F6", ": '"]


def cost(text: str) -> float:
    """Return the processor time that a text takes, seconds."""
    begun = time.thread_time()
    redact(strip_private(text))
    return max(time.thread_time() - begun, 1e-4)


def repeated(unit: str, size: int) -> str:
    """Return a text of about this size that repeats something."""
    return (unit * (size // len(unit) + 1))[:size]


def grows(unit: str, before: str = "") -> bool:
    """Say whether four times a text takes more than ten times as long."""
    small, large = (before + repeated(unit, size) for size in (SIZE, FACTOR * SIZE))
    return all(cost(large) > BOUND * cost(small) for _ in range(4))


@pytest.mark.parametrize("filler", FILLERS)
def test_telling_words_are_looked_at_in_linear_time(filler: str) -> None:
    """Repeated alone, and with what patterns go on with."""
    assert [word for word in WORDS if grows(word + filler)] == []


def test_starts_of_keys_are_looked_at_in_linear_time() -> None:
    """All of them in turn, with bodies that fit and bodies that just do not."""
    for body in ("a1B2c3D4e5F6g7H8", "-" * 20, "a" * 30 + "!", "0" * 16 + "."):
        assert not grows("".join(f" {start}{body}" for start in (*TOKEN_STARTS, *ENDED)))


@pytest.mark.parametrize(
    ("unit", "before"),
    [
        ("a1B2c3D4e5" * 4 + " ", "AK" + "IAABCDEFGHIJKLMNOP "),
        ("-----BEGIN PRIVATE " + "KEY-----\nAAAAAAAAAAAAAA\n", ""),
        ("-----BEGIN CERTIFICATE-----\n", "key.pem "),
        ("aB1", "key.pem "),
        ("\\n", "-----BEGIN PRIVATE " + "KEY-----"),
        ("password=" + "x" * 60 + "(", ""),
        ("eyJ", ""),
        (".", "password"),
        ("<private ", ""),
        ("`<private>", ""),
        ("`", "<private>"),
    ],
)
def test_chains_and_frames_are_looked_at_in_linear_time(unit: str, before: str) -> None:
    """One secret after another, frames that are not closed, runs of what may be either."""
    assert not grows(unit, before)
