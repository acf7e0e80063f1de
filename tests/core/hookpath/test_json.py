"""JSON without `json`: nobody can tell the difference."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.hookpath import json as quick_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_values_are_written_as_json_writes_them(value: object) -> None:
    """And read back as they were."""
    text = json.dumps(value, ensure_ascii=False)

    assert quick_json.write(value) == text
    assert quick_json.write(value, escaped=True) == json.dumps(value)
    assert quick_json.read(f"\n {text}\t\r\n") == value


@given(
    st.text(alphabet='[]{}",:0123456789.eE+-\\u dNaInfityrlse\x00\x1f\ud800é', max_size=20)
    | VALUES.map(json.dumps).flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[n:]))
)
def test_other_texts_are_refused_as_json_refuses_them(text: str) -> None:
    """A cut-off text, a second value, a bare control character."""
    try:
        value = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            quick_json.read(text)
    else:
        assert repr(quick_json.read(text)) == repr(value)


def test_too_deep_is_an_error_one_can_catch() -> None:
    """Not the end of the process."""
    with pytest.raises(RecursionError):
        quick_json.read("[" * 100_000)


@pytest.mark.parametrize("text", ["{", '{"a" 1}', '"\n"', '"\\u12"', '"\\x"', "[1,]", "", "nul"])
def test_a_wrong_text_is_refused_where_json_is_not_loaded(text: str) -> None:
    """As in a hook: the scanner may then lack the exception it wants to raise."""
    code = f"""from codemem_core.hookpath import json as quick_json
try: quick_json.read({text!r})
except ValueError: print("refused")"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "refused\n"


def test_another_interpreter_has_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPy has no such `_json`."""
    monkeypatch.setattr(quick_json, "_chunks", None)

    assert quick_json.read(quick_json.write({"a": ["é"]})) == {"a": ["é"]}
