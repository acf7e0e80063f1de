"""Write the config file: a few keys changed, the rest as it was."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

from codemem_core.config import jsonc, jsonc_edit
from codemem_core.config.settings import Settings, Value
from codemem_core.errors import SettingsError
from codemem_core.paths import make_private_folder


def place(settings: Settings) -> str:
    """Return where the config file is, or would be made."""
    # A named file that is still missing stays None; it is made where the next run looks first.
    return settings.file or os.path.expanduser("~/.config/codemem/config.json")


def change(settings: Settings, values: Mapping[str, object]) -> str:
    """Set keys in the config file, read it again and return its path.

    A value is JSON or text as the environment would have it; None takes the key out. All are
    checked first; then the file is replaced as a whole, so that nobody ever reads half of it.
    Comments and the order of keys stay. Raises `SettingsError`.
    """
    given = {key: _parse(settings, key, value) for key, value in values.items()}
    path, present = place(settings), text(settings)
    try:
        for key, value in given.items():
            if value is None:
                present = jsonc_edit.remove(present, [key])
            else:
                present = jsonc_edit.set_value(present, [key], value)
    except ValueError as error:
        raise SettingsError(f"config file could not be read: `{path}`: {error}") from error
    return rewrite(settings, present or "{}\n")


def text(settings: Settings) -> str:
    """Return the config file as it is; empty when there is none. Raises `SettingsError`."""
    path = place(settings)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise SettingsError(f"config file could not be read: `{path}`: {error}") from error


def rewrite(settings: Settings, text: str) -> str:
    """Write the config file anew, read it and return its path.

    Raises `SettingsError`, having written nothing, for a text that is no JSON object.
    """
    path = place(settings)
    try:
        value = jsonc.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise SettingsError(f"not JSON, nothing was written: {error}") from error
    if not isinstance(value, dict):
        raise SettingsError("not a JSON object, nothing was written")
    _replace(path, text if text.endswith("\n") else f"{text}\n")
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
