"""One value changes, everything else stays as it was."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemem_core.config import jsonc, jsonc_edit

MCP = {"type": "local", "command": ["codemem", "mcp"]}
COMMENTED = """\
// my settings
{
  "model": "a/b", // fast
  /* servers */
  "mcp": {
    "other": { "type": "local" }, // keep
    // the end
  },
}
"""


def test_comments_commas_and_order_survive() -> None:
    """The new server stands behind the others; comments and the trailing comma stay."""
    edited = jsonc_edit.set_value(COMMENTED, ["mcp", "codemem"], {"type": "local"})

    assert edited == COMMENTED.replace(
        "    // the end\n", '    // the end\n    "codemem": {\n      "type": "local"\n    },\n'
    )


def test_removing_gives_the_text_back() -> None:
    """What was set and is removed leaves no trace."""
    edited = jsonc_edit.set_value(COMMENTED, ["mcp", "codemem"], MCP)

    assert jsonc_edit.remove(edited, ["mcp", "codemem"]) == COMMENTED


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("", '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        ("{}", '{\n  "a": {\n    "b": 1\n  }\n}'),
        ('{"x": 1}', '{"x": 1,\n  "a": {\n    "b": 1\n  }\n}'),
        ('{\n\t"x": 1 // y\n}\n', '{\n\t"x": 1, // y\n\t"a": {\n\t\t"b": 1\n\t}\n}\n'),
        ('{\r\n  "x": 1\r\n}', '{\r\n  "x": 1,\r\n  "a": {\r\n    "b": 1\r\n  }\r\n}'),
        ('{"a": {"b": [1, 2]}}', '{"a": {"b": 1}}'),
        ('\ufeff{"a": {"b": 2}}', '\ufeff{"a": {"b": 1}}'),
        ('{"a": {}, "a": {"c": 2}}', None),
    ],
)
def test_texts_of_many_hands(text: str, edited: str | None) -> None:
    """Indentation, line ends and what stands on a line are the author's."""
    if edited is None:
        assert jsonc.loads(jsonc_edit.set_value(text, ["a", "b"], 1)) == {"a": {"c": 2, "b": 1}}
    else:
        assert jsonc_edit.set_value(text, ["a", "b"], 1) == edited


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": 1,, "b": 2}', "null", '{"a"'])
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    """No object, no JSON, or something else in the way: an error, and no guess."""
    with pytest.raises(ValueError, match=r"\w"):
        jsonc_edit.set_value(text, ["a", "b"], 1)


def test_removing_what_is_not_there_changes_nothing() -> None:
    """Neither the key nor the way to it."""
    for path in (["x"], ["mcp", "x"], ["model", "x"], ["x", "y"]):
        assert jsonc_edit.remove(COMMENTED, path) == COMMENTED


KEYS = st.sampled_from(["a", "b", 'q"\\', "mcp", "//", ","])
SCALARS = st.sampled_from([None, True, 0, -1.5, "", 'a "b" // c', "{,}"])
LISTS = st.lists(SCALARS, max_size=3)
INNER = st.dictionaries(KEYS, SCALARS | LISTS, max_size=3)
OUTER = st.dictionaries(KEYS, SCALARS | LISTS | INNER, max_size=4)
FILLINGS = ["", "", " ", "\n", "\n  ", ' // c, "x": {\n', "/* , } */", "\r\n\t"]


def written(value: Any, random: Random) -> str:
    """Write a value as somebody might: comments, blanks and trailing commas anywhere."""

    def gap() -> str:
        return random.choice(FILLINGS)

    if not isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}{gap()}:{gap()}{written(each, random)}"
                 for name, each in value.items()]  # fmt: skip
    else:
        parts = [written(each, random) for each in value]
    inside = (gap() + ",").join(gap() + part for part in parts) + gap()
    inside += "," + gap() if parts and random.random() < 0.5 else ""
    return f"{{{inside}}}" if isinstance(value, dict) else f"[{inside}]"


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.randoms(use_true_random=False), OUTER, st.lists(KEYS, min_size=1, max_size=3))
def test_any_text_says_the_right_thing_afterwards(
    random: Random, value: dict[str, Any], path: list[str]
) -> None:
    """Set and removed again, every text means what it meant, however it is written."""
    text = random.choice(FILLINGS) + written(value, random) + random.choice(FILLINGS)
    try:
        edited = jsonc_edit.set_value(text, path, MCP)
    except ValueError as error:
        assert "is not an object" in str(error)
        return
    where = jsonc.loads(edited)
    for name in path:
        assert isinstance(where, dict)
        where = where[name]

    assert where == MCP
    removed = jsonc.loads(jsonc_edit.remove(edited, path))
    before = value
    for name in path[:-1]:
        before = before.get(name, {})
    if path[-1] not in before:
        inside: Any = removed
        for name in path[:-1]:
            inside = inside[name]
        assert inside == before
