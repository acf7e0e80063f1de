"""A setting: what it is called, what it accepts, what it means.

Light: the hook path imports it (no dataclasses, no typing).
"""

from __future__ import annotations

from codemem_core.errors import SettingsError
from codemem_core.hookpath import json as quick_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Value = str | int | float | bool | list[str] | dict[str, str] | None

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "off", "no"})
# Beyond this no count, time or size of ours makes sense; it also keeps inf and nan out.
_LARGEST = 1e15


class Setting:
    """One setting, with its name in the config file and in the environment.

    `kind` says what it accepts:

    - `text`, and `path` (absolute, or from `~`)
    - `number` (whole) and `real`, not below `least`
    - `flag`: `1 true yes on` or `0 false off no`
    - `names`: a list, in the environment also separated by commas
    - `argv`: a command as a JSON array of strings; never a line for a shell
    - `mapping`: a JSON object of strings

    `status` is empty when the setting works, else it says what is missing. A `secret` is never
    shown. `section` is the heading under which it is listed. Raises `SettingsError` when the kind
    is unknown.
    """

    __slots__ = ("default", "env", "help", "key", "kind", "least", "secret", "section", "status")

    def __init__(  # noqa: PLR0913 - a row of a table has as many columns as it has
        self,
        key: str,
        env: str,
        *,
        kind: str = "text",
        default: Value = None,
        least: float | None = None,
        secret: bool = False,
        help: str = "",
        status: str = "",
        section: str = "",
    ) -> None:
        if kind not in _PARSERS:
            raise SettingsError(f"unknown kind of setting `{key}`: `{kind}`")
        self.key = key
        self.env = env
        self.kind = kind
        self.default = default
        self.least = least
        self.secret = secret
        self.help = help
        self.status = status
        self.section = section

    def __repr__(self) -> str:
        """Show the names; never a value."""
        return f"Setting({self.key!r}, {self.env!r}, kind={self.kind!r})"

    def parse(self, raw: object) -> Value:
        """Return the value that `raw` means: text of the environment or JSON of a config file.

        Raises `SettingsError` that ends a sentence begun with the setting's name.
        """
        try:
            value = _PARSERS[self.kind](raw)
        except SettingsError as error:
            shown = "" if self.secret else f": `{str(raw)[:80]}`"
            raise SettingsError(f"{error}{shown}", hint=error.hint) from None
        if self.least is not None and isinstance(value, int | float) and value < self.least:
            raise SettingsError(f"is less than {self.least:g}: `{value}`")
        return value


def _text(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    raise SettingsError("is not text")


def _path(raw: object) -> str:
    # A relative path would mean another file in every project, one of them hostile.
    path = _text(raw)
    if path.startswith("/") or path == "~" or path.startswith("~/"):
        return path
    raise SettingsError("is not an absolute path", hint="begin it with `/` or `~/`")


def _number(raw: object) -> int:
    if isinstance(raw, str | int) and not isinstance(raw, bool):
        try:
            number = int(raw)
        except ValueError:
            raise SettingsError("is not a whole number") from None
        if abs(number) < _LARGEST:
            return number
    raise SettingsError("is not a whole number")


def _real(raw: object) -> float:
    if isinstance(raw, str | int | float) and not isinstance(raw, bool):
        try:
            number = float(raw)
        except (ValueError, OverflowError):
            raise SettingsError("is not a number") from None
        if abs(number) < _LARGEST:
            return number
    raise SettingsError("is not a number")


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower() if isinstance(raw, str | int) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise SettingsError("is neither on nor off", hint="use `1`, `true`, `yes`, `on` or `0` …")


def _names(raw: object) -> list[str]:
    if isinstance(raw, str) and not raw.lstrip().startswith("["):
        return [name.strip() for name in raw.split(",") if name.strip()]
    return _argv(raw)


def _argv(raw: object) -> list[str]:
    value = _json(raw)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(value)
    raise SettingsError(
        "is not a JSON array of strings", hint='write `["command", "argument"]`, not a shell line'
    )


def _mapping(raw: object) -> dict[str, str]:
    value = _json(raw)
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return dict(value)
    raise SettingsError("is not a JSON object of strings", hint='write `{"Name": "value"}`')


def _json(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        value: object = quick_json.read(raw)
    except (ValueError, RecursionError):
        return None
    return value


_PARSERS: dict[str, Callable[[object], Value]] = {
    "text": _text,
    "path": _path,
    "number": _number,
    "real": _real,
    "flag": _flag,
    "names": _names,
    "argv": _argv,
    "mapping": _mapping,
}
