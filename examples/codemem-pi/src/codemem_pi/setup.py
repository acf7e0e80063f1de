"""`codemem setup pi`: the extension, copied to where pi looks for extensions."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from codemem_core.api import Check, Settings
from codemem_core.commands import check_recorded, check_server, installed_program, replace_file

_SOURCE = Path(__file__).with_name("extension.ts")
_PROGRAM = 'const PROGRAM = "codemem";'


class Setup:
    """Installs the extension for every project of this user."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.environ.get("PI_CODING_AGENT_DIR") or "~/.pi/agent"
        self._folder = Path(os.path.expanduser(folder))
        self._file = self._folder / "extensions" / "codemem.ts"

    def found(self) -> bool:
        """Say whether pi is on PATH or has been used."""
        return shutil.which("pi") is not None or self._folder.is_dir()

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        return [] if self._is_current() else [f"write the extension {self._file}"]

    def apply(self) -> None:
        """Write the extension, with the program that it runs."""
        if not self._is_current():
            replace_file(self._file, _wanted())

    def remove(self) -> list[str]:
        """Take the extension out."""
        if not self._file.exists():
            return []
        self._file.unlink()
        return [f"removed {self._file}"]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at what a session needs."""
        if self._is_current():
            yield Check(ok=True, text="the extension is installed")
        else:
            text = "the extension is not installed, or not this one"
            yield Check(ok=False, text=text, hint="codemem setup pi")
        yield check_recorded(database, source="pi", hint="start pi")
        yield check_server(database)

    def _is_current(self) -> bool:
        return self._file.exists() and self._file.read_text(encoding="utf-8") == _wanted()


def _wanted() -> str:
    program = f"const PROGRAM = {json.dumps(installed_program() or 'codemem')};"
    return _SOURCE.read_text(encoding="utf-8").replace(_PROGRAM, program)
