"""Words by language."""

from __future__ import annotations

import re

import pytest

from codemem_observers.extractive.language import SPELLINGS, language_of
from codemem_observers.extractive.lexicon import Lexicon, lexicon

SENTENCES = {
    "en": "The lease is held because the worker never gives it back.",
    "de": "Die Sperre bleibt, weil der Prozess sie nicht freigibt.",
    "es": "El bloqueo queda porque el proceso no lo libera.",
    "fr": "Le verrou reste parce que le processus ne le rend pas.",
    "it": "Il blocco resta perché il processo non lo rilascia.",
    "ja": "ロックが残るのは、プロセスが解放しないためです。",
    "ko": "프로세스가 잠금을 해제하지 않기 때문에 남아 있습니다.",
    "nl": "De vergrendeling blijft omdat het proces die niet vrijgeeft.",
    "pl": "Blokada zostaje, ponieważ proces jej nie zwalnia.",
    "pt": "O bloqueio fica porque o processo não o libera.",
    "ru": "Блокировка остаётся, потому что процесс её не снимает.",
    "zh": "锁一直存在因为进程没有释放它。",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_each_language_is_recognised_and_tells_a_cause(name: str) -> None:
    """A plain sentence is enough to find its language, and the words for a cause in it."""
    sentence = SENTENCES[name]

    assert language_of(sentence) == name
    assert lexicon(name).cause.search(sentence)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_list_of_a_language_compiles(name: str) -> None:
    """A language that lacks a list, or spoils one, would go unnoticed until somebody writes it."""
    words = lexicon(name)

    for attribute in Lexicon.__annotations__:
        assert isinstance(getattr(words, attribute), re.Pattern)


def test_code_does_not_decide_the_language() -> None:
    """Names and paths in a German sentence are English, the sentence is not."""
    text = "`load_the_settings_for_this_user()` ist in src/app/with_the_that.py nicht mehr nötig."

    assert language_of(text) == "de"


def test_names_with_digits_are_no_words_of_a_language() -> None:
    """`e2e` holds two words that are Italian, and is none."""
    assert language_of("some e2e tests fail, e2e again") == "en"
