"""The server's shortcut before redaction misses nothing that the core sees."""

from __future__ import annotations

import json

import pytest
from core.secret_corpus import corpus
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.redact import is_plain as is_plain_to_core
from codemem_core.redact.masks import TOKEN_STARTS, WORDS
from codemem_viewer.plain import is_plain


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_is_seen(word: str) -> None:
    """Anywhere in a text, in any case."""
    assert not is_plain(f'{{"a": "é{word}x"}}')
    assert not is_plain(word.upper())


def test_every_start_of_a_key_is_seen() -> None:
    """Also after an escape."""
    assert not [start for start in TOKEN_STARTS if is_plain(f'"{start}A1b2C3d4E5f6g7H8"')]
    assert not [start for start in TOKEN_STARTS if is_plain(f'"\\n{start}A1b2C3d4E5f6g7H8"')]


def test_no_secret_of_the_corpus_passes_for_plain() -> None:
    """What the core calls no plain text is none here."""
    texts = [json.dumps(text, ensure_ascii=False) for _, text in corpus(seed=14)]

    assert not [text for text in texts if is_plain(text) and not is_plain_to_core(text)]


@given(st.text() | st.sampled_from(sorted(WORDS)).map(str.title))
def test_what_is_plain_is_plain_to_the_core(text: str) -> None:
    """Of any text, in any alphabet."""
    written = json.dumps({"a": text}, ensure_ascii=False)

    if is_plain(written):
        assert is_plain_to_core(written)
