"""JSON for the hook path: what `json` wraps, without `json`.

Importing `json` takes 6 of a hook's 19 ms: its decoder wants `re`, for white space and for where an
error is. Reading and writing itself is done by the interpreter's `_json`; where that is missing or
different, `json` does it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_scan: Any = None
_chunks: Any = None
_escaped: Any = None


class _Rules:
    """What a scanner goes by: as for `json.loads`, `NaN` and the infinities are numbers."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float
    parse_int = int


try:
    _json: Any = __import__("_json")
    _scan = _json.make_scanner(_Rules)
    # indent, separators, sort_keys, skipkeys, allow_nan; before them: markers, default, text
    _options = (None, ": ", ", ", False, False, True)
    _escaped = _json.make_encoder(None, None, _json.encode_basestring_ascii, *_options)
    _chunks = _json.make_encoder(None, None, _json.encode_basestring, *_options)
except (ImportError, AttributeError, TypeError):
    _chunks = None


def read(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return the JSON value in a text; raises `ValueError`, or `RecursionError` when deep."""
    if _chunks is None:
        import json  # noqa: PLC0415 - see above

        return json.loads(text)
    text = text.strip(" \t\r\n")
    value, end = _scanned(text)
    if end != len(text):
        raise ValueError("more than one JSON value")
    return value


def _scanned(text: str) -> tuple[Any, int]:
    """Return the value at the start of a text, and where it ends."""
    try:
        found: tuple[Any, int] = _scan(text, 0)
    except (StopIteration, SystemError) as error:
        # SystemError: it looks for the exception to raise in `json`, which nobody has imported.
        raise ValueError("no JSON value") from error
    return found


def read_first(raw: bytes) -> Any:  # noqa: ANN401 - a JSON value
    """Return the first JSON value of what a host sent; raises as `read` does.

    A byte order mark, a byte that is no UTF-8 or something behind the value costs no event.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
    if _chunks is None:
        import json  # noqa: PLC0415 - see above

        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    return _scanned(text.lstrip(" \t\r\n"))[0]


def write(value: object, *, escaped: bool = False) -> str:
    """Return a JSON value as text, every character as itself or `escaped`, as ASCII."""
    if _chunks is None:
        import json  # noqa: PLC0415 - see above

        return json.dumps(value, ensure_ascii=escaped)
    return "".join((_escaped if escaped else _chunks)(value, 0))
