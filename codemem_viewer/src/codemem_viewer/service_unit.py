"""The server as a service of the user's own session: systemd on Linux, launchd on macOS."""

from __future__ import annotations

import contextlib
import os
import plistlib
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from codemem_core.errors import CodememError
from codemem_viewer.runtime_paths import Place

_SYSTEMD = """\
[Unit]
Description=codemem, the memory of coding agents: {db}

[Service]
Type=exec
ExecStart={command}
# A server that finds another one running ends well, and is left at that.
Restart=on-failure
RestartSec=5
TimeoutStopSec=40
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service file, and the commands that switch it on and off."""

    path: str
    text: str
    on: Sequence[Sequence[str]]
    off: Sequence[Sequence[str]]

    @classmethod
    def of(cls, place: Place, command: Sequence[str], *, platform: str = sys.platform) -> Unit:
        """Return the service that runs `command` for the server at `place`.

        Raises `CodememError` on a system that has neither systemd nor launchd.
        """
        default = os.path.expanduser("~/.codemem/mem.sqlite")
        name = "codemem"
        if place.db != default:  # each database has its server, and so its service
            name += f"-{zlib.crc32(os.fsencode(place.db)):08x}"
        if platform == "darwin":
            return _launchd(name, place, command)
        if platform == "linux":
            return _systemd(name, place, command)
        raise CodememError(
            f"no services on `{platform}`", hint="`codemem serve start` starts it until you log out"
        )

    def install(self) -> None:
        """Write the file and start the service; raises `CodememError`."""
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.text)
        for command in self.on:
            self._run(command)

    def uninstall(self) -> bool:
        """Stop the service and remove its file; False when there was none."""
        if not os.path.exists(self.path):
            return False
        with contextlib.suppress(CodememError):  # it may have been switched off by hand
            for command in self.off:
                self._run(command)
        os.unlink(self.path)
        return True

    def _run(self, command: Sequence[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            told = str(error)
        else:
            if done.returncode == 0:
                return
            told = done.stderr.strip() or f"exit code {done.returncode}"
        raise CodememError(
            f"`{' '.join(command)}` failed: {told}", hint=f"the service is written: `{self.path}`"
        )


def _systemd(name: str, place: Place, command: Sequence[str]) -> Unit:
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    control = ("systemctl", "--user")
    line = " ".join(_quoted(each) for each in command)
    return Unit(
        path=os.path.join(folder, "systemd", "user", f"{name}.service"),
        text=_SYSTEMD.format(db=place.db.replace("%", "%%"), command=line),
        on=((*control, "daemon-reload"), (*control, "enable", "--now", name)),
        off=((*control, "disable", "--now", name), (*control, "daemon-reload")),
    )


def _quoted(argument: str) -> str:
    """Return an argument as systemd reads it: `%` and `$` mean something to it."""
    for mark in ("\\", '"'):
        argument = argument.replace(mark, f"\\{mark}")
    return '"' + argument.replace("%", "%%").replace("$", "$$") + '"'


def _launchd(name: str, place: Place, command: Sequence[str]) -> Unit:
    label = f"local.{name}"
    path = os.path.expanduser(f"~/Library/LaunchAgents/{label}.plist")
    service = {
        "Label": label,
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ProcessType": "Background",
        "StandardErrorPath": place.log,
        "Umask": 0o077,
    }
    domain = f"gui/{os.getuid()}"
    return Unit(
        path=path,
        text=plistlib.dumps(service, sort_keys=False).decode(),
        on=(("launchctl", "bootstrap", domain, path),),
        off=(("launchctl", "bootout", f"{domain}/{label}"),),
    )
