"""What a tool gave back, as a person reads it."""

from __future__ import annotations

import pytest

from codemem_viewer.timeline import result_text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("12 passed", "12 passed"),
        ('{"stdout": "a\\nb\\n", "stderr": "", "interrupted": false}', "a\nb"),
        ('[{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]', "one\ntwo"),
        ('{"filenames": ["a.py", "b.py"], "numFiles": 2}', "filenames: a.py b.py\nnumFiles: 2"),
        ("{ not JSON", "{ not JSON"),
        pytest.param("[" * 100_000, "[" * 100_000, id="deep"),
    ],
)
def test_json_is_read_for_its_texts(output: str, text: str) -> None:
    """Whatever the host wrapped them in."""
    assert result_text(output) == text
