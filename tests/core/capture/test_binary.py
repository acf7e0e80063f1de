"""Images and other binary data are kept by size and hash."""

from __future__ import annotations

import base64
import json
import random

import pytest

from codemem_core.capture.binary import LEAST_CHARS, without_binary
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins

DATA = random.Random(7).randbytes(300_000)
CODE = base64.b64encode(DATA).decode()
WRAPPED = base64.encodebytes(DATA).decode()


@pytest.mark.parametrize(
    "code",
    [
        CODE,
        base64.urlsafe_b64encode(DATA).decode(),
        CODE.replace("/", "\\/"),
        WRAPPED,
        json.dumps(WRAPPED)[1:-1],
        DATA.hex(),
    ],
    ids=["base64", "url", "escaped", "wrapped", "wrapped in JSON", "hex"],
)
def test_a_picture_is_replaced_and_what_stands_around_it_stays(code: str) -> None:
    """Whatever wrote it down."""
    kept = without_binary(f'before "data:image/png;base64,{code}" after')

    assert kept.startswith('before "data:image/png;base64,[binary data: ')
    assert kept.endswith(" after")
    assert len(kept) < 400


def test_the_same_data_has_the_same_mark() -> None:
    """And other data another one."""
    assert without_binary(CODE) == without_binary(CODE)
    assert without_binary(CODE) != without_binary(CODE[4:])


@pytest.mark.parametrize(
    "text",
    ["-" * 5_000, "a" * 5_000, "word " * 2_000, CODE[: LEAST_CHARS - 1], "a/b_c-d." * 1_000],
    ids=["ruler", "one letter", "words", "short", "paths"],
)
def test_what_is_no_binary_stays(text: str) -> None:
    """A long line alone is no reason."""
    assert without_binary(text) == text


@pytest.mark.parametrize("event", ["hook", "raw"])
def test_no_road_stores_a_picture(event: str) -> None:
    """Neither the hook's payload nor an event of the stream."""
    plugins = Plugins.load(Settings.load({}))
    payload = {
        "hook_event_name": "PostToolUse",
        "session_id": "s1",
        "tool_name": "mcp__browser__screenshot",
        "tool_input": {},
        "tool_response": {"stdout": f"data:image/png;base64,{CODE}"},
    }
    if event == "hook":
        stored = Intake(plugins).hook("claude", payload)
    else:
        delivery = {"source": "claude", "session_id": "s1", "event_type": "x", "payload": payload}
        [stored] = Intake(plugins).raw_events(delivery)

    assert stored is not None
    assert "[binary data: 300000 bytes" in json.dumps(stored.to_json())
    assert len(json.dumps(stored.payload, default=str)) < 5_000


def test_looking_is_linear() -> None:
    """Runs one letter too short are passed over, each once."""
    text = (CODE[: LEAST_CHARS - 1] + "\n") * 2_000

    assert without_binary(text) == text
