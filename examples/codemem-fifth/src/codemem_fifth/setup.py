"""`codemem setup fifth`: the hook in Fifth's settings."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from codemem_core.api import Check, Settings
from codemem_core.commands import (
    JsonEntry,
    check_program,
    check_recorded,
    check_server,
    installed_program,
)


class Setup:
    """Enters the hook in `settings.json`, and takes it out again."""

    def __init__(self, settings: Settings) -> None:
        self._home = Path(settings.environ.get("FIFTH_HOME") or os.path.expanduser("~/.fifth"))
        self._entry = JsonEntry([self._home / "settings.json"], section="hooks")
        self._hook = [installed_program() or "codemem", "fifth-hook"]

    def found(self) -> bool:
        """Say whether Fifth is on this machine."""
        return self._home.is_dir() or shutil.which("fifth") is not None

    def changes(self) -> list[str]:
        """Return what installing would do."""
        there = self._entry.current() == self._hook
        return [] if there else [f"enter the hook in {self._entry.file}"]

    def apply(self) -> None:
        """Enter the hook."""
        self._entry.install(self._hook)

    def remove(self) -> list[str]:
        """Take the hook out."""
        return [f"removed the hook from {file}" for file in self._entry.remove()]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs."""
        missing = self.changes()
        text = "the hook is not installed" if missing else "the hook is installed"
        yield Check(ok=not missing, text=text, hint="codemem setup fifth" if missing else "")
        yield check_program(upgrade="uv tool install --upgrade codemem")
        yield check_recorded(database, source="fifth", hint="work in Fifth")
        yield check_server(database)
