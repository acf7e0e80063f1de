"""What spares redaction a closer look changes nothing in what it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from core.secret_corpus import corpus
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.redact import Shortcut, is_plain, redact
from codemem_core.redact.masks import WORDS
from codemem_viewer.plain import is_plain as is_plain_to_server

KEY = b"the same for both"
LINES = [text for _, text in corpus(seed=7)][::9]
PLAIN = ["def total(lines):", "    return sum(lines)", "", "Ran 12 tests in 0.2 s — all well. " * 6]
TEXTS = st.lists(
    st.sampled_from(LINES) | st.sampled_from(PLAIN) | st.sampled_from(sorted(WORDS)) | st.text(),
    max_size=12,
).map("\n".join)
NAMES = st.sampled_from(["text", "password", "token", "note", "DB_PASS", "items"])
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("plain", [is_plain, is_plain_to_server])
@given(value=VALUES)
def test_the_result_is_the_same(plain: Callable[[str], bool], value: Any) -> None:
    """Of any value, with secrets anywhere between ordinary lines."""
    assert redact(value, key=KEY, shortcut=Shortcut(plain)) == redact(value, key=KEY)


@given(first=VALUES, more=TEXTS)
def test_a_second_look_finds_what_was_added(first: Any, more: str) -> None:
    """Texts that were looked at are spared, others are not, whatever stands beside them."""
    shortcut = Shortcut(is_plain_to_server)
    clean, _ = redact(first, key=KEY, shortcut=shortcut)
    whole = {"first": clean, "more": more}

    again, _ = redact(whole, key=KEY, shortcut=shortcut)

    assert again == redact(whole, key=KEY)[0]


def test_a_word_in_any_alphabet_is_looked_at() -> None:
    """The Kelvin sign is a k to Python's lower case."""
    text = json.dumps({"a": "to\u212aen=abc"}, ensure_ascii=False)

    assert not is_plain_to_server(text)
