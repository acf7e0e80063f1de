"""Settings: the environment over the config file over the default.

Light: the hook path imports it (no dataclasses, no typing, no pathlib).
"""

from __future__ import annotations

import os

from codemem_core.config.catalog import TABLE
from codemem_core.config.setting import Setting, Value
from codemem_core.errors import SettingsError
from codemem_core.hookpath import json as quick_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TABLE", "Setting", "Settings", "Value", "blocked_plugins", "sweep_interval_ms"]

_FILES = ("~/.config/codemem/config.json", "~/.config/codemem/config.jsonc")
# A person's config file has a few kilobytes; a larger one is something else.
_MAX_BYTES = 1 << 20


class Settings:
    """What the user chose.

    A value that cannot be used is reported in `problems`, and the next source wins. `environ` is
    the environment it was loaded from.
    """

    __slots__ = ("_file", "_path", "_settings", "_values", "_where", "environ", "file", "problems")

    def __init__(self, environ: Mapping[str, str], *, path: str | None = None) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self._settings: dict[str, Setting] = {}
        self._values: dict[str, Value] = {}
        self._where: dict[str, str] = {}
        self._path = path
        self.file: str | None = self._config_file(path)
        """The config file that was read, or None."""
        self._file = self._read(self.file) if self.file else {}

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        path: str | None = None,
        extra: Iterable[Setting] = (),
    ) -> Settings:
        """Read the config file (at `path`, else `CODEMEM_CONFIG`, else `~/.config/codemem`)."""
        settings = cls(os.environ if environ is None else environ, path=path)
        settings.add(TABLE)
        settings.add(extra)
        return settings

    def add(self, extra: Iterable[Setting]) -> None:
        """Read more settings, a plugin's, from the same environment and file.

        One that is known already is left as it is; raises `SettingsError` when it is another of
        the same name.
        """
        for setting in extra:
            known = self._settings.get(setting.key)
            if known and known.env == setting.env:
                continue
            if known:
                raise SettingsError(f"two settings have one name: `{setting.key}`")
            self._settings[setting.key] = setting
            self._load(setting)

    def reload(self) -> None:
        """Read the config file again; the environment is what it was."""
        self.problems.clear()
        self.file = self._config_file(self._path)
        self._file = self._read(self.file) if self.file else {}
        for setting in self.all():
            self._load(setting)

    def text(self, key: str) -> str | None:
        """Return a text, or None when nobody set it."""
        value = self._value(key, "text")
        return value if isinstance(value, str) else None

    def path(self, key: str) -> str:
        """Return an absolute path, or an empty text when nobody set it."""
        value = self._value(key, "path")
        return self._expand(value) if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """Return a whole number."""
        value = self._value(key, "number")
        return value if isinstance(value, int) else 0

    def real(self, key: str) -> float:
        """Return a number."""
        value = self._value(key, "real")
        return float(value) if isinstance(value, int | float) else 0.0

    def flag(self, key: str) -> bool:
        """Return whether it is on."""
        return self._value(key, "flag") is True

    def names(self, key: str) -> list[str]:
        """Return a list of names."""
        value = self._value(key, "names")
        return list(value) if isinstance(value, list) else []

    def argv(self, key: str) -> list[str]:
        """Return a command as its arguments; empty when nobody set it."""
        value = self._value(key, "argv")
        return list(value) if isinstance(value, list) else []

    def mapping(self, key: str) -> dict[str, str]:
        """Return a mapping of texts."""
        value = self._value(key, "mapping")
        return dict(value) if isinstance(value, dict) else {}

    def where(self, key: str) -> str:
        """Say where the value comes from: `default`, `file` or `environment`."""
        self._setting(key)
        return self._where[key]

    def all(self) -> list[Setting]:
        """Return every known setting, plugins' included."""
        return list(self._settings.values())

    def value(self, key: str) -> Value:
        """Return a value of any kind, as it was written; for lists of all settings."""
        return self._values[self._setting(key).key]

    def _setting(self, key: str) -> Setting:
        try:
            return self._settings[key]
        except KeyError:
            raise SettingsError(f"no such setting: `{key}`") from None

    def _value(self, key: str, kind: str) -> Value:
        setting = self._setting(key)
        if setting.kind != kind:
            raise SettingsError(f"setting `{key}` is a {setting.kind}, not a {kind}")
        return self._values[key]

    def _load(self, setting: Setting) -> None:
        self._values[setting.key] = setting.default
        self._where[setting.key] = "default"
        # An empty variable is how a shell unsets one for a single command.
        if not self._take(setting, "environment", self.environ.get(setting.env) or None):
            self._take(setting, "file", self._file.get(setting.key))

    def _take(self, setting: Setting, where: str, raw: object) -> bool:
        """Use `raw` if there is one; False when the next source should be asked."""
        if raw is None:
            return False
        name = setting.env if where == "environment" else setting.key
        try:
            self._values[setting.key] = setting.parse(raw)
        except SettingsError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self.problems.append(f"`{name}` {error}{hint}")
            return False
        self._where[setting.key] = where
        return True

    def _expand(self, path: str) -> str:
        home = self.environ.get("HOME") or os.path.expanduser("~")
        return home + path[1:] if path == "~" or path.startswith("~/") else path

    def _config_file(self, path: str | None) -> str | None:
        if path is not None:
            return os.path.abspath(self._expand(path))
        named = self.environ.get("CODEMEM_CONFIG")
        if named:
            if named.startswith(("/", "~/")):
                return self._expand(named)
            # Taken from the current folder it would be the project's file, not the user's.
            self.problems.append(f"`CODEMEM_CONFIG` is not an absolute path: `{named}`")
        return next((file for file in map(self._expand, _FILES) if os.path.exists(file)), None)

    def _read(self, path: str) -> dict[str, object]:
        try:
            value = _parse(_content(path))
        except (OSError, ValueError) as error:
            self.problems.append(f"config file `{path}` is not used: {error}")
            return {}
        return value


def blocked_plugins(settings: Settings) -> set[str]:
    """Return the names of the plugins that the user switched off."""
    return {*settings.names("disabled_plugins"), *settings.names("plugins_disable")}


def sweep_interval_ms(settings: Settings) -> int:
    """Return how often the sweeper looks, in milliseconds.

    The setting in seconds counts when the one in milliseconds is not set.
    """
    key = "raw_events_sweeper_interval_ms"
    if settings.where(key) == "default":
        return settings.number("raw_events_sweeper_interval_s") * 1000
    return settings.number(key)


def _content(path: str) -> str:
    # The file names commands to run, so nobody else may be able to write it; and a pipe in its
    # place would make every hook wait.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if status.st_mode & 0o170000 != 0o100000:
            raise ValueError("not a regular file")
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & 0o002:
            raise ValueError("other users can write it")
        if status.st_size > _MAX_BYTES:
            raise ValueError("larger than 1 MiB")
        return file.read(_MAX_BYTES).decode("utf-8-sig")


def _parse(text: str) -> dict[str, object]:
    try:
        value = quick_json.read(text)
    except (ValueError, RecursionError):
        from codemem_core.config import jsonc  # noqa: PLC0415 - most config files are plain JSON

        value = jsonc.loads(text)
    if isinstance(value, dict):
        return value
    raise ValueError("not a JSON object")
