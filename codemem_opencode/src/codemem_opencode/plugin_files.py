"""The plugin in OpenCode's configuration: a folder with its parts, and a file that loads it.

OpenCode loads every file of `plugin/`, so that holds one line only. The parts are copied, not
linked: what they are copied from may be an environment that `uvx` throws away.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from codemem_core.api import CodememError, __version__
from codemem_core.commands import keep_copy, replace_file

_SOURCE = Path(__file__).with_name("opencode_plugin")
_MARK = "// Installed by `codemem install-plugin`"
ENTRY_TEXT = f"""{_MARK}; the plugin itself stands in ../codemem.
export {{ default }} from "../codemem/codemem.js";
"""


class PluginFiles:
    """The plugin in one configuration folder."""

    def __init__(self, folder: Path) -> None:
        self.entry = folder / "plugin" / "codemem.js"
        """What OpenCode loads."""
        self._parts = folder / "codemem"

    def version(self) -> str | None:
        """Return the installed plugin's version, or None when there is none of ours."""
        if not self._is_ours():
            return None
        try:
            told = json.loads((self._parts / "package.json").read_bytes())
        except (OSError, ValueError):
            return None
        return str(told.get("version")) if isinstance(told, dict) else None

    def is_current(self) -> bool:
        """Say whether every file is there as this codemem has it, and no other."""
        return self._is_ours() and _contents(self._parts) == _contents(_SOURCE)

    def foreign(self) -> Path | None:
        """Return a file or folder that stands in the way and is not ours."""
        if self.entry.exists() and not self._is_ours():
            return self.entry
        if self._parts.exists() and not (self._parts / "codemem.js").is_file():
            return self._parts
        return None

    def install(self) -> Path | None:
        """Put the plugin there; return the copy of a file that was there before, if there was.

        Raises `CodememError`.
        """
        foreign = self.foreign()
        if foreign == self._parts:
            raise CodememError(f"this is in the way: `{foreign}`", hint="move it away")
        kept = keep_copy(self.entry) if foreign else None
        draft = self._parts.with_name(".codemem-new")
        old = self._parts.with_name(".codemem-old")
        try:
            self._parts.parent.mkdir(parents=True, exist_ok=True)
            for left in (draft, old):
                shutil.rmtree(left, ignore_errors=True)
            shutil.copytree(_SOURCE, draft, ignore=shutil.ignore_patterns("__pycache__"))
            if self._parts.exists():
                os.rename(self._parts, old)
            os.rename(draft, self._parts)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise CodememError(f"cannot write `{self._parts}`: {error.strerror}") from error
        replace_file(self.entry, ENTRY_TEXT)
        return kept

    def remove(self) -> bool:
        """Take the plugin out; say whether there was one of ours."""
        if not self._is_ours():
            return False
        self.entry.unlink()
        shutil.rmtree(self._parts, ignore_errors=True)
        return True

    def _is_ours(self) -> bool:
        try:
            return self.entry.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
        except OSError:
            return False

    def would(self) -> str:
        """Return what installing would do, in a sentence; nothing when all is in place."""
        if self.is_current():
            return ""
        there = self.version()
        if there is None:
            return f"install the plugin {__version__} as {self.entry}"
        return f"bring the plugin from {there} to {__version__}"


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
