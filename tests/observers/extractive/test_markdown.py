"""Markdown as statements."""

from __future__ import annotations

import pytest

from codemem_observers.extractive.markdown import sentences, statements, topic_of

TEXT = """## Retry policy

The worker retries three times. It waits between the tries:

- **`queue.py`**: back-off with jitter
  - at most 30 s
- [ ] count the tries

```python
not = prose
```

| Setting | Value |
|---|---|
| limit | 3 |
"""


def test_statements_know_their_heading_and_lead() -> None:
    """Sentences, items and rows come in order, each with what it stands under; code does not."""
    announced = "The worker retries three times. It waits between the tries:"

    found = statements(TEXT)

    assert [(s.text, s.lead) for s in found] == [
        ("The worker retries three times.", ""),
        ("It waits between the tries:", ""),
        ("`queue.py`: back-off with jitter", announced),
        ("at most 30 s", "`queue.py`: back-off with jitter"),
        ("count the tries", announced),
        ("limit — 3", ""),
    ]
    assert {s.section for s in found} == {"Retry policy"}
    assert [s.text for s in found if s.is_open] == ["count the tries"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two.", 2),
        ("Runs `a. B` once. Then stops.", 2),
        ("E.g. Debian 13 works, i.e. The Toy Story.", 1),
        ("原因は短い待ち時間です。三十秒にしました。", 2),
        ("Der Wert ist 3.5 s. Äpfel auch.", 2),
    ],
)
def test_sentences_end_where_they_end(text: str, parts: int) -> None:
    """Code spans, abbreviations and figures end no sentence; other scripts have their own stops."""
    assert len(sentences(text)) == parts


def test_topic_is_the_label_that_says_what_a_list_is_about() -> None:
    """A file or a short label is a topic; `Changes made` and `I patched` are none."""
    text = "`a.py`:\n- x is gone\n\nChanges made:\n- y is gone\n\nI patched:\n- z is gone"

    assert [topic_of(s) for s in statements(text) if s.is_item] == ["`a.py`", "", ""]


def test_closing_quotation_mark_stays_with_its_sentence() -> None:
    """The mark after a full stop belongs to what it closes."""
    assert sentences('It says "no shares." Then it stops.') == [
        'It says "no shares."',
        "Then it stops.",
    ]
