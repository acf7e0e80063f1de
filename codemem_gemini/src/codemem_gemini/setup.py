"""`codemem setup gemini`: the extension, put into Gemini CLI by its own commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from codemem_core.api import Check, Settings, __version__, home_folder
from codemem_core.commands import check_program, check_recorded, check_server, run_client, said_by
from codemem_gemini.chat_log import gemini_folder
from codemem_gemini.events import SOURCE
from codemem_gemini.extension import (
    NAME,
    installed_version,
    is_current,
    remove_folder,
    write,
)

_HINT = "codemem setup gemini"
_NO_SESSION = "work in Gemini CLI; `/hooks panel` shows whether its hooks ran"
_UPGRADE = "uv tool install --upgrade codemem; codemem setup gemini; restart Gemini CLI"


class Setup:
    """Installs codemem for every project of this user."""

    def __init__(self, settings: Settings) -> None:
        del settings
        self._draft = Path(home_folder()) / "gemini-extension"

    def found(self) -> bool:
        """Say whether Gemini CLI is on PATH or has been used."""
        return shutil.which("gemini") is not None or gemini_folder().is_dir()

    def changes(self) -> list[str]:
        """Return what installing, or bringing up to date, would do."""
        there = installed_version()
        if there is None:
            return [f"install the extension {NAME} {__version__}"]
        return [] if is_current() else [f"replace the extension {NAME} {there} by {__version__}"]

    def apply(self) -> None:
        """Install the extension, in place of an older one."""
        if is_current():
            return
        write(self._draft)
        if installed_version() is not None:
            _gemini("extensions", "uninstall", NAME)
        _gemini("extensions", "install", str(self._draft), "--consent")

    def remove(self) -> list[str]:
        """Uninstall the extension."""
        there = installed_version()
        if there is not None:
            _gemini("extensions", "uninstall", NAME)
        remove_folder(self._draft)
        return [] if there is None else [f"uninstalled the extension {NAME} {there}"]

    def checks(self, *, database: str) -> Iterator[Check]:
        """Look at everything a session needs, from the client to the server."""
        yield _client()
        yield _extension()
        yield check_program(upgrade=_UPGRADE)
        yield check_recorded(database, source=SOURCE, hint=_NO_SESSION)
        yield check_server(database)


def _extension() -> Check:
    there = installed_version()
    if there is None:
        return Check(ok=False, text="the extension is not installed", hint=_HINT)
    if not is_current():
        text = f"the extension {there} is not the one of codemem {__version__}"
        return Check(ok=False, text=text, hint=_HINT)
    return Check(ok=True, text=f"the extension is {there}")


def _client() -> Check:
    if not shutil.which("gemini"):
        hint = "install Gemini CLI: https://github.com/google-gemini/gemini-cli"
        return Check(ok=False, text="gemini is not on PATH", hint=hint)
    return Check(ok=True, text=f"Gemini CLI is {said_by('gemini', '--version') or 'there'}")


def _gemini(*arguments: str) -> None:
    run_client("gemini", *arguments, install="install Gemini CLI first")
