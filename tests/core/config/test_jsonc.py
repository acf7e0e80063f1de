"""JSONC: comments and trailing commas go, everything else stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.config import jsonc

scalars = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
gaps = st.sampled_from(["", " ", "\n", '// a " , ] \n', "/* b } , \n ' */", "/**/", "/*/ */"])


def write(value: object, draw: st.DrawFn) -> str:
    """Write JSON with comments and trailing commas wherever they may stand."""
    gap = lambda: draw(gaps)  # noqa: E731
    if isinstance(value, list):
        items = ",".join(gap() + write(item, draw) + gap() for item in value)
        return f"[{items}{',' + gap() if value and draw(st.booleans()) else gap()}]"
    if isinstance(value, dict):
        items = ",".join(
            gap() + json.dumps(key) + gap() + ":" + gap() + write(item, draw) + gap()
            for key, item in value.items()
        )
        return f"{{{items}{',' + gap() if value and draw(st.booleans()) else gap()}}}"
    return json.dumps(value)


@st.composite
def commented(draw: st.DrawFn) -> tuple[object, str]:
    """Return a value and a JSONC text of it."""
    value = draw(values)
    return value, draw(gaps) + write(value, draw) + draw(gaps)


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_json_stays_as_it_is(value: object, ascii_only: bool, indent: int | None) -> None:
    """Plain JSON is not touched, whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert jsonc.plain(text) == text


@given(commented())
def test_comments_and_trailing_commas_change_no_value(pair: tuple[object, str]) -> None:
    """A commented text means what it meant without."""
    value, text = pair

    assert jsonc.loads(text) == value


@given(st.text(alphabet='/*,"\\]}{[\n a', max_size=60))
def test_lines_and_columns_stay(text: str) -> None:
    """An error message points into the file as it was written."""
    assert [len(line) for line in jsonc.plain(text).split("\n")] == [
        len(line) for line in text.split("\n")
    ]


@pytest.mark.parametrize(
    "text",
    ["", "/* never closed", "{} /*", "{} /*/", '{"a": 1,,}', '"open', "// only", '{"a" 1}', "{]"],
)
def test_broken_text_is_an_error(text: str) -> None:
    """What is neither JSON nor JSONC is refused, not repaired."""
    with pytest.raises(ValueError, match=r"."):
        jsonc.loads(text)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '"' + "\\" * 200_001, "/* " * 200_000, "/" * 200_000]
)
def test_hostile_text_ends(text: str) -> None:
    """A text made to be slow is refused like any other; the test run would notice."""
    with pytest.raises(ValueError, match=r"."):
        jsonc.loads(text)
