"""An entry of codemem's own in another program's JSON settings; all else in the file stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codemem_core.commands.user_files import keep_copy, replace_file
from codemem_core.config import jsonc, jsonc_edit
from codemem_core.errors import CodememError


class JsonEntry:
    """`section.codemem` in one or several files of settings, which may hold comments."""

    def __init__(self, files: Sequence[Path], *, section: str) -> None:
        """Take the files in the order in which the program reads them: the last one wins."""
        self._files = files
        self._path = (section, "codemem")
        existing = [file for file in files if file.exists()]
        self.file = existing[-1] if existing else files[0]
        """The file that an entry is written to."""

    def current(self) -> Any:  # noqa: ANN401 - whatever stands there
        """Return what is configured, or None; raises `CodememError` for a file one cannot read."""
        found = [self._section(file).get("codemem") for file in self._files]
        return next((entry for entry in found if entry is not None), None)

    def install(self, entry: object) -> Path | None:
        """Write the entry; return the copy of the file as it was, if there was one."""
        self._section(self.file)
        text = _read(self.file)
        return _edit(self.file, jsonc_edit.set_value(text, self._path, entry))

    def remove(self) -> list[Path]:
        """Take the entry out of every file; return those that had it."""
        changed = [file for file in self._files if "codemem" in self._section(file)]
        for file in changed:
            only = len(self._section(file)) == 1
            path = self._path[:1] if only else self._path
            _edit(file, jsonc_edit.remove(_read(file), path))
        return changed

    def _section(self, file: Path) -> dict[str, Any]:
        """Return the section of a file; raises `CodememError` when it cannot be read."""
        text = _read(file).removeprefix("\ufeff")
        try:
            value = jsonc.loads(text) if text.strip() else {}
        except ValueError as error:
            raise CodememError(f"not JSON: `{file}`: {error}", hint="mend it first") from error
        section = value.get(self._path[0], {}) if isinstance(value, dict) else None
        if not isinstance(section, dict):
            raise CodememError(f"not a settings file: `{file}`", hint="mend it first")
        return section


def _edit(file: Path, text: str) -> Path | None:
    kept = keep_copy(file) if file.exists() else None
    replace_file(file, text)
    return kept


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise CodememError(f"cannot read `{file}`: {error}") from error
