"""`codemem serve install`: the server as a service of systemd or launchd."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codemem_core.errors import CodememError
from codemem_viewer.runtime_paths import Place
from codemem_viewer.service_unit import Unit

COMMAND = (
    "/opt/py 3/bin/python",
    "-P",
    "-m",
    "codemem_cli",
    "serve",
    "--db-path",
    "/a b/100%$.db",
)
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$HOME/systemctl.calls"
exit ${SYSTEMCTL_FAILS:-0}
"""


def place(db: str = "/home/ada/notes.sqlite") -> Place:
    """Return where a database's server lives."""
    return Place(db=db, socket="/run/s", log="/home/ada/s.log", lock="/home/ada/s.lock")


@pytest.fixture
def systemctl(machine: Any) -> Path:
    """Put a `systemctl` first in the path of the machine that notes what it is told."""
    program = machine.path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL, encoding="utf-8")
    program.chmod(0o755)
    return program


def serve(machine: Any, systemctl: Path, *options: str, **environ: str) -> Any:
    """Run `codemem serve` with that program."""
    return machine.serve(*options, PATH=f"{systemctl.parent}:{os.environ['PATH']}", **environ)


def test_the_file_is_one_that_systemd_takes(tmp_path: Path) -> None:
    """Its own checker finds nothing, spaces and percent signs in paths included."""
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("no systemd here")
    command = (shutil.which("true") or "/bin/true", *COMMAND[1:])
    file = tmp_path / "codemem.service"
    file.write_text(Unit.of(place(), command, platform="linux").text, encoding="utf-8")

    done = subprocess.run(
        [checker, "--user", "--man=no", "verify", str(file)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_property_list_is_one() -> None:
    """It reads back as it was meant."""
    unit = Unit.of(place(), COMMAND, platform="darwin")

    service = plistlib.loads(unit.text.encode())

    assert service["ProgramArguments"] == list(COMMAND)
    assert unit.path.endswith(f"LaunchAgents/{service['Label']}.plist")
    assert unit.off == (("launchctl", "bootout", f"gui/{os.getuid()}/{service['Label']}"),)


def test_every_database_has_a_service_of_its_own() -> None:
    """The everyday one has the plain name."""
    paths = {
        os.path.basename(Unit.of(place(db), COMMAND, platform="linux").path)
        for db in (os.path.expanduser("~/.codemem/mem.sqlite"), "/a/x.sqlite", "/b/x.sqlite")
    }

    assert len(paths) == 3
    assert "codemem.service" in paths


def test_a_system_without_services_says_so() -> None:
    """And what to do instead."""
    with pytest.raises(CodememError, match="no services on `plan9`"):
        Unit.of(place(), COMMAND, platform="plan9")


def test_install_writes_the_file_and_starts_it(machine: Any, systemctl: Path) -> None:
    """A server that runs already makes room for the service; uninstall takes all of it back."""
    machine.serve("start")
    installed = serve(machine, systemctl, "install")
    file = machine.path / ".config/systemd/user/codemem.service"

    assert installed.stdout == f"installed and started: {file}\n"
    assert str(machine.db) in file.read_text(encoding="utf-8")
    assert not machine.answers()

    removed = serve(machine, systemctl, "uninstall")
    again = serve(machine, systemctl, "uninstall")

    assert (removed.stdout, again.stdout) == (f"removed: {file}\n", "no service was installed\n")
    assert not file.exists()
    assert (machine.path / "systemctl.calls").read_text(encoding="utf-8").splitlines() == [
        "--user daemon-reload",
        "--user enable --now codemem",
        "--user disable --now codemem",
        "--user daemon-reload",
    ]


def test_print_shows_and_does_nothing(machine: Any, systemctl: Path) -> None:
    """Neither file nor call."""
    shown = serve(machine, systemctl, "install", "--print")

    assert "ExecStart=" in shown.stdout
    assert "# systemctl --user enable --now codemem" in shown.stdout
    assert not (machine.path / ".config").exists()
    assert not (machine.path / "systemctl.calls").exists()


def test_a_service_that_does_not_start_is_an_error(machine: Any, systemctl: Path) -> None:
    """The file stays, and the message says where it is."""
    failed = serve(machine, systemctl, "install", SYSTEMCTL_FAILS="1")

    assert failed.returncode == 1
    assert "`systemctl --user daemon-reload` failed" in failed.stderr
    assert "codemem.service" in failed.stderr
