"""Private keys are masked whole, in their frame and out of it."""

from __future__ import annotations

import json

import pytest
from core.secret_corpus import ALNUM, Maker

from codemem_core.redact import redact

BASE64 = ALNUM + "+/"
chars = Maker(5).chars
KEY_LINES = [chars(64, BASE64) for _ in range(12)]
FRAMED = ["-----BEGIN RSA PRIVATE " + "KEY-----", *KEY_LINES, "-----END RSA PRIVATE " + "KEY-----"]


def lines_left(value: object) -> int:
    """Return how many lines of the key are left in a value once it is redacted."""
    clean = json.dumps(redact(value)[0])
    return sum(line[10:40] in clean for line in KEY_LINES)


@pytest.mark.parametrize("lines", [FRAMED, FRAMED[:-1], FRAMED[:5]])
@pytest.mark.parametrize(
    "line",
    ["%s\n", "%s\r\n", "%s\\n", "%s\\\\n", "   12→%s\n", "12:%s\n", "a/key.pem:12:%s\n", "12-%s\n",
     "+%s\n", "-%s\n", "    %s\n", "> %s\n", '"%s\\n" +\n', "%s ", "%s"],
)  # fmt: skip
def test_private_keys_are_masked_whole(lines: list[str], line: str) -> None:
    """With escaped breaks, line numbers, marks of a diff, on one line, and when cut off."""
    assert lines_left("key:\n" + "".join(line.replace("%s", each) for each in lines)) == 0


@pytest.mark.parametrize(
    "command", ["sed -n 3,9p key.pem", "head -c 900 ~/.ssh/id_rsa", "openssl rsa"]
)
def test_lines_of_a_key_are_masked_without_their_frame(command: str) -> None:
    """What the command reads tells what its output is, whichever comes first."""
    output = {"stdout": "\n".join(KEY_LINES[2:9])}

    assert lines_left({"tool_input": {"command": command}, "tool_response": output}) == 0
    assert lines_left({"tool_response": output, "tool_input": {"command": command}}) == 0


def test_certificates_stay() -> None:
    """They are public, and look as a key does."""
    frame = "-----%s CERTIFICATE-----"
    text = "\n".join(["openssl x509", frame % "BEGIN", *KEY_LINES, frame % "END"])

    assert redact(text) == (text, 0)
