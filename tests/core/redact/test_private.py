"""What stands in `<private>` goes, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_core.redact import strip_private

CASES: list[list[Any]] = json.loads(Path(__file__).with_name("private_cases.json").read_bytes())


@pytest.mark.parametrize(("said", "public"), CASES)
def test_private_blocks_are_removed(said: object, public: object) -> None:
    """In any case, over lines, nested, unclosed, over the parts of a message; words are left."""
    assert strip_private(said) == public


def test_keys_of_objects_are_public_too() -> None:
    """A key is a text like any other."""
    assert strip_private({"a <private>x</private> b": 1, "<private>": 2}) == {"a  b": 1, "": 2}


def test_nesting_deeper_than_the_stack_passes() -> None:
    """Ten thousand lists in one another are read like one."""
    value: Any = "<private>x"
    for _ in range(10_000):
        value = [value]

    value = strip_private(value)

    while isinstance(value, list):
        value = value[0]
    assert value == ""
