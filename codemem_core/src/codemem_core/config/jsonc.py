"""JSON with comments and trailing commas, made plain.

Light: the hook path imports it when the config file needs it.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# An alternative for each thing that may hold a `/` or a `,`. None of them can fail after a long
# look ahead, so the time grows with the length of the text and no faster.
_TOKEN = re.compile(
    r"""
      (?P<string>  "(?:[^"\\]|\\.?)*+"? )
    | (?P<comment> //[^\n\r]* | /\*.*?\*/ )
    | (?P<open>    /\*.* )
    | (?P<comma>   , )
    | (?P<close>   [\]}] )
    | (?P<space>   \s+ )
    | (?P<other>   [^"/,\]}\s]+ | / )
    """,
    re.VERBOSE | re.DOTALL,
)
_VISIBLE = re.compile(r"[^\n\r]")


def loads(text: str) -> object:
    """Return the value of a JSON or JSONC text; raises `ValueError` when it is neither."""
    try:
        value: object = json.loads(plain(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Return the parts of a text, each a match whose last group says what it is."""
    return _TOKEN.finditer(text)


def plain(text: str) -> str:
    """Blank out comments and trailing commas; lines and columns stay where they were."""
    parts: list[str] = []
    comma = -1  # where the last comma stands that only blanks and comments follow
    for token in tokens(text):
        kind, part = token.lastgroup, token.group()
        if kind == "comment":
            part = _VISIBLE.sub(" ", part)
        elif kind == "comma":
            comma = len(parts)
        elif kind != "space":
            if kind == "close" and comma >= 0:
                parts[comma] = " "
            comma = -1
        parts.append(part)
    return "".join(parts)
