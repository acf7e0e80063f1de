"""Write the config file: a few keys changed, the rest as it was."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping

from codemem_core import jsonc
from codemem_core.errors import SettingsError
from codemem_core.paths import make_private_folder
from codemem_core.settings import Settings, Value


def change(settings: Settings, values: Mapping[str, object]) -> str:
    """Set keys in the config file, read it again and return its path.

    A value is JSON or text as the environment would have it; None takes the key out. All are
    checked first; then the file is replaced as a whole, so that nobody ever reads half of it.
    Comments of a JSONC file are lost. Raises `SettingsError`.
    """
    given = {key: _parse(settings, key, value) for key, value in values.items()}
    # A named file that is still missing stays None; it is made where the next run looks first.
    path = settings.file or os.path.expanduser("~/.config/codemem/config.json")
    kept = {key: value for key, value in _read(path).items() if key not in values}
    kept |= {key: value for key, value in given.items() if value is not None}
    _replace(path, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    settings.reload()
    return path


def _parse(settings: Settings, key: str, value: object) -> Value:
    setting = next((setting for setting in settings.all() if setting.key == key), None)
    if setting is None:
        raise SettingsError(f"no such setting: `{key}`", hint="docs/settings.md lists them")
    try:
        return None if value is None else setting.parse(value)
    except SettingsError as error:
        raise SettingsError(f"`{key}` {error}", hint=error.hint) from None


def _read(path: str) -> dict[str, object]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            value = jsonc.loads(file.read())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"config file could not be read: `{path}`: {error}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"config file could not be read: `{path}`: not a JSON object")
    return value


def _replace(path: str, text: str) -> None:
    """Write beside the file and rename; the new one is this user's alone (it may hold a key)."""
    path = os.path.realpath(path)  # a link into somebody's dotfiles stays a link
    try:
        make_private_folder(os.path.dirname(path))
        fd, beside = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".config-")
        try:
            with open(fd, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(fd)
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise SettingsError(f"failed to write config: `{path}`: {error.strerror}") from error
