"""The server's shortcut before redaction gives what the core's gives."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.redact import STARTS, WORDS
from codemem_core.redact import is_plain as is_plain_to_core
from codemem_viewer.plain import is_plain


@pytest.mark.parametrize("mark", sorted(STARTS | WORDS))
def test_every_mark_is_seen(mark: str) -> None:
    """Anywhere in a text; the words in any case."""
    assert not is_plain(f'{{"a": "é{mark}x"}}')
    assert not is_plain(mark.upper() if mark in WORDS else mark)


@given(st.text() | st.sampled_from(sorted(WORDS)).map(str.title))
def test_both_say_the_same(text: str) -> None:
    """Of any text, in any alphabet."""
    written = json.dumps({"a": text}, ensure_ascii=False)

    assert is_plain(written) == is_plain_to_core(written)
