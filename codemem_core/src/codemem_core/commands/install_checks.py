"""What every agent's installation is checked for: the program, the server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

from codemem_core import paths
from codemem_core._version import PUBLISHED, __version__
from codemem_core.errors import CodememError, InputError
from codemem_core.records.protocols import Check
from codemem_core.store.engine.store import Store
from codemem_core.store.tool_use_ids import heard_of

_ANSWER_S = 10.0
_DONE_S = 120.0
"""An agent may fetch what it installs."""


def said_by(*command: str) -> str | None:
    """Return what a command prints, without blanks around it, or None when it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_S,
            cwd="/",
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def run_client(program: str, *arguments: str, install: str) -> None:
    """Let an agent's own program do something; `install` is how to come by it.

    Raises `InputError` when it is not on PATH, `CodememError` when it refuses or does not answer.
    """
    hint = " ".join([program, *arguments])
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DONE_S,
            check=False,
        )
    except FileNotFoundError:
        raise InputError(f"{program} is not on PATH", hint=install) from None
    except subprocess.TimeoutExpired:
        raise CodememError(f"{program} does not answer", hint=hint) from None
    if done.returncode:
        raise CodememError(f"{program} refused: {(done.stderr or done.stdout).strip()}", hint=hint)


def check_client(program: str, *, name: str, install: str) -> Check:
    """Say which version of an agent is on PATH; `install` is how to come by one."""
    if not shutil.which(program):
        return Check(ok=False, text=f"{program} is not on PATH", hint=install)
    said = said_by(program, "--version") or ""
    return Check(ok=True, text=f"{name} is {said.removeprefix(f'{program}-cli ') or 'there'}")


def check_program(*, upgrade: str) -> Check:
    """Look at the codemem that an agent will find; `upgrade` says how to bring it up to date."""
    found = said_by("codemem", "version") if shutil.which("codemem") else None
    if found == __version__:
        return Check(ok=True, text=f"codemem {found} is on PATH")
    if shutil.which("uvx"):
        text = f"hooks run codemem by uvx, which takes a second each (on PATH: {found or 'none'})"
        return Check(ok=True, text=text, hint=upgrade)
    text = f"codemem {__version__} is not on PATH (there: {found or 'none'}), and neither is uvx"
    return Check(ok=False, text=text, hint="uv tool install --upgrade codemem")


def check_server(database: str) -> Check:
    """Say whether a server runs; none is no fault."""
    runs = server_answers(database)
    text = "the server runs" if runs else "no server runs; the next session starts one"
    return Check(ok=True, text=text)


def check_recorded(database: str, *, source: str, hint: str) -> Check:
    """Say whether a host has sent an event yet; `hint` is what to do when it has not."""
    if os.path.exists(database):
        with Store.open(database) as store, store.read() as db:
            if heard_of(db, source):
                return Check(ok=True, text="sessions have been recorded")
    return Check(ok=False, text="no session has been recorded yet", hint=hint)


def server_answers(database: str) -> bool:
    """Say whether somebody listens on the server's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(1.0)
        try:
            link.connect(paths.socket_path(database))
        except OSError:
            return False
    return True


def installed_program() -> str:
    """Return the absolute path of the installed `codemem`, or nothing.

    What setup writes into a host's settings: the name alone would run whatever comes first on PATH.
    """
    beside = os.path.join(os.path.dirname(sys.executable), "codemem")
    # What `uvx` runs lies in a cache that is thrown away.
    if os.access(beside, os.X_OK) and "/archive-v" not in beside:
        return beside
    found = shutil.which("codemem") or ""
    return found if os.path.isabs(found) else ""


def mcp_command() -> tuple[list[str], dict[str, str]]:
    """Return what starts codemem's MCP server on this machine, and its environment.

    The installed program, else what `uvx` fetches. A host's configuration file takes both.
    """
    program = installed_program()
    if program or not (PUBLISHED or os.environ.get("CODEMEM_RUNNER") == "uvx"):
        return [program or "codemem", "mcp"], {}
    # A project may bring uv settings that name another package index.
    return ["uvx", f"codemem=={__version__}", "mcp"], {"UV_NO_CONFIG": "1"}
