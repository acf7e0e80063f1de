"""What is too much is dropped and marked; what is cut holds no part of a secret."""

from __future__ import annotations

import string

import pytest
from core.secret_corpus import Maker

from codemem_core.redact.clean import MARGIN_CHARS, MOST_CHARS, MOST_NODES, clean_id, cleaned

MAKER = Maker(6)
KEY = "gh" + "p_" + MAKER.chars(36)


@pytest.mark.parametrize("before", range(MARGIN_CHARS + 60, MARGIN_CHARS + 101, 5))
def test_a_secret_on_the_edge_leaves_nothing(before: int) -> None:
    """Wherever the text is cut, before it, in it, or behind it."""
    clean = cleaned(f"{' ' * before}{KEY}{' ' * 9000}", text_chars=100)

    assert KEY[4:12] not in clean
    assert "characters left out" in clean


def test_a_key_that_is_cut_leaves_no_line() -> None:
    """What is kept of an output ends before the key, or the key is masked as far as it goes."""
    lines = [MAKER.chars(64, string.ascii_letters + string.digits + "+/") for _ in range(50)]
    frame = "-----%s RSA PRIVATE " + "KEY-----"
    text = "\n".join(["x" * 15_000, frame % "BEGIN", *lines, frame % "END", "y" * 9000])

    clean = cleaned({"stdout": text}, text_chars=16_000)["stdout"]

    assert not [line for line in lines if line[:20] in clean]


def test_the_beginning_of_an_event_is_kept_and_the_rest_is_marked() -> None:
    """Short fields near the top come first, however much there is before them."""
    event = {
        "output": ["word " * 3000] * 100,
        "many": dict.fromkeys(range(40_000), "v"),
        "ts": "now",
    }

    clean = cleaned(event, text_chars=16_000)

    assert clean["ts"] == "now"
    assert sum(map(len, clean["output"])) < MOST_CHARS + 100 * 60
    assert "characters left out" in clean["output"][-1]
    assert len(clean["many"]) <= MOST_NODES
    assert clean["many"]["codemem_left_out"] > 0


def test_an_id_that_is_a_secret_is_replaced_by_one_that_stays_the_same() -> None:
    """So that the events of a session stay together, from whichever process they come."""
    assert clean_id("2f1c7b9e-1") == "2f1c7b9e-1"
    assert clean_id(KEY) == clean_id(KEY)
    assert KEY[4:] not in clean_id(KEY)
