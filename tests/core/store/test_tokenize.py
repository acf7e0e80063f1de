"""What text becomes in the index and in a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.store.tokenize import MAX_TERMS, hidden_words, plain_form, query_terms, tags_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Where is the date parser?", ["date", "parser"]),
        ("parseISODate fails", ["parseisodate", "parse iso date", "fails"]),
        ("src/dates/iso_8601.py", ["src", "dates", "iso", "8601", "py"]),
        ("Größe der Datei", ["größe", "der", "datei"]),
        ("修复数据库bug", ["修复", "复数", "数据", "据库", "bug"]),
        ("what is it", ["what", "is", "it"]),
        ('"; ( NEAR *', ["near"]),
        ("\x00\ud800☃", []),
    ],
)
def test_a_question_becomes_terms(text: str, terms: list[str]) -> None:
    """Stop-words go, identifiers are split and kept whole, other scripts become pairs."""
    assert query_terms(text) == terms


@given(st.text())
def test_a_question_has_few_plain_terms(text: str) -> None:
    """No text makes a query long or brings FTS5 syntax into it."""
    terms = query_terms(text)

    assert len(terms) <= MAX_TERMS
    assert all(word.isalnum() for term in terms for word in term.split(" "))


def test_tags_are_kind_concepts_and_the_parts_of_paths() -> None:
    """They are shown, so that nothing else is among them."""
    tags = tags_of("bugfix", ("Time zones", "the"), ("src/app/dates/parseISO.py",))

    assert tags == ("bugfix", "time-zones", "parseiso-py", "dates", "src")


def test_hidden_words_are_what_is_grown_together() -> None:
    """Plain words are left out: the index has them already."""
    assert hidden_words("Fix readTag, 修复 is a fix src/parseISO.py") == "read tag 修复 parse iso"


def test_hidden_words_are_bounded() -> None:
    """A body full of identifiers does not flood the index."""
    assert len(hidden_words(" ".join(f"aB{n}c" for n in range(5000)))) < 5000


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("\u1112\u116a\u11a8\u110b\u1175\u11ab", "\ud655\uc778"),  # Korean, letter by letter
        ("\uff21\uff30\uff29", "API"),  # full width
        ("\uff83\uff9e\uff70\uff80", "\u30c7\u30fc\u30bf"),  # half width
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),  # yo, ye
        ("Ko\u0308ln", "K\u00f6ln"),
    ],
)
def test_a_word_is_found_in_whatever_form_it_was_written(written: str, asked: str) -> None:
    """The terms are the same, and what FTS5 sees in another form is indexed beside it."""
    assert query_terms(written) == query_terms(asked)
    assert query_terms(asked)[0] in hidden_words(written)


def test_plain_text_stays_as_it_is() -> None:
    """Its letters have one form."""
    assert plain_form("Gr\u00f6\u00dfe of parseDate") == "Gr\u00f6\u00dfe of parseDate"


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("Wie lange werden die Logdateien aufbewahrt?", ["lange", "logdateien", "aufbewahrt"]),
        ("¿Dónde se guardan las facturas?", ["guardan", "facturas"]),
        ("Pourquoi est-ce que le compteur est remis ?", ["compteur", "remis"]),
        ("why did the counter die in der kernel", ["counter", "die", "der", "kernel"]),
        ("\u56fe\u7247\u53ef\u4ee5\u6709\u591a\u5927", ["\u56fe\u7247"]),
    ],
)
def test_function_words_of_any_language_are_no_terms(question: str, terms: list[str]) -> None:
    """They say nothing of what a question is about."""
    assert query_terms(question) == terms
