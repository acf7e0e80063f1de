"""What a sentence is worth."""

from __future__ import annotations

import pytest

from codemem_observers.extractive.markdown import statements
from codemem_observers.extractive.weight import EXPLAINS, decides, explains, weight


@pytest.mark.parametrize(
    "talk",
    [
        "Perfect!",
        "All done.",
        "Let me look at the config first.",
        "Now I'll update the tests.",
        "Since the branch is clean, I'm going to rebase it.",
        "All 120 tests pass.",
        "Would you like me to push it?",
        "Committed as `1a2b3c4`.",
        "Spawning the planner...",
        "Ich werde jetzt die Tests anpassen.",
        "Je vais vérifier le fichier de configuration.",
        "PHASE 14 PLANNED",
        "`*-PLAN.md`: Review plans",
        "That's a really sound instinct.",
        "You're right to push back on this.",
    ],
)
def test_talk_weighs_nothing(talk: str) -> None:
    """Greetings, announcements, offers and measurements are no knowledge."""
    assert [weight(s) for s in statements(talk) if weight(s)] == []


@pytest.mark.parametrize(
    "cause",
    [
        "The build broke because the lock file was not committed.",
        "Root cause: `GITHUB_TOKEN` starts no workflows.",
        "Der Test schlägt fehl, weil die Uhr nicht gestellt ist.",
        "测试失败，因为时钟没有设置。",  # noqa: RUF001
    ],
)
def test_explanation_is_worth_a_memory(cause: str) -> None:
    """A cause reaches the weight of a claim of its own, in every language."""
    (statement,) = statements(cause)

    assert weight(statement) >= EXPLAINS
    assert explains(statement)


def test_guess_explains_nothing() -> None:
    """`Might be because` is a hypothesis, not a cause."""
    (guess,) = statements("It might be because the cache is stale.")

    assert not explains(guess)


def test_choice_is_a_decision() -> None:
    """Somebody chose; a contrast alone decides nothing."""
    chosen, contrast = statements("I chose a dict over Redis. It prints 2 instead of 3.")

    assert (decides(chosen), decides(contrast)) == (True, False)
