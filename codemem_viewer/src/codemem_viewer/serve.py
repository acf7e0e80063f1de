"""`codemem serve`: run, start, stop and look at the server of a database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say_json
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.paths import database_path, open_private
from codemem_viewer.runtime_paths import Place, answers, page_link, server_pid

SETTLE_S = 0.5
"""How long to wait for the lock of a server that may just be ending."""
START_S = 60.0
STOP_S = 30.0
LOOK_AGAIN_S = 0.05
Tell = Callable[[str], None]
_NO_SOCKET_HINT = "`codemem serve restart` makes it anew; until then hooks find no server"


@click.command
@click.argument(
    "action",
    type=click.Choice(["run", "start", "stop", "restart", "status", "install", "uninstall"]),
    default="run",
    metavar="[start|stop|restart|status|install|uninstall]",
)
@click.option("--host", help="Loopback address to listen on (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port (default: 38888).")
@db_option
@click.option("--background", is_flag=True, help="Return as soon as the server answers.")
@click.option("--foreground", is_flag=True, help="Stay in the foreground, also with `restart`.")
@click.option("--stop", "stop_first", is_flag=True, help="The same as `serve stop`.")
@click.option("--restart", is_flag=True, help="The same as `serve restart`.")
@click.option("--print", "only_print", is_flag=True, help="Show what `install` would do.")
@json_option
@pass_host
def serve(  # noqa: PLR0913 - one parameter an option
    program: Host,
    action: str,
    *,
    host: str | None,
    port: int | None,
    db_path: str | None,
    background: bool,
    foreground: bool,
    stop_first: bool,
    restart: bool,
    only_print: bool,
    as_json: bool,
) -> None:
    """Run the codemem server: it stores events, makes memories and serves the pages and the API.

    One server per database; starting a second one does nothing. Hooks reach it by a Unix socket,
    browsers by TCP with the link that `codemem serve status` prints. `install` makes it a service
    that starts when you log in, of systemd or launchd; `uninstall` takes that back. After `start`,
    `stop`, `restart` and `status`, `--json` tells how things are.

    Example: codemem serve start
    """
    if stop_first and restart:
        raise CodememError("`--stop` and `--restart` exclude each other", hint="choose one of them")
    os.umask(0o077)
    settings = program.settings
    place = Place.of(database_path(settings, db_path))
    action = "stop" if stop_first else "restart" if restart else action
    background = background or (action in {"start", "restart"} and not foreground)
    if as_json and action not in {"status", "stop"} and not background:
        raise InputError("`--json` is for `start`, `stop`, `restart` and `status`")
    tell: Tell = _leave_unsaid if as_json else click.echo
    address = (host or settings.text("viewer_host") or "127.0.0.1", _port(port, settings))
    if action in {"install", "uninstall"}:
        _service(place, _command(place, address, program.blocked), action, only_print=only_print)
        return
    if action in {"stop", "restart"}:
        tell("server stopped" if _stop(place) else "no server was running")
    if action in {"run", "start", "restart"}:
        _begin(place, program, address, tell, background=background)
    if as_json:
        say_json(_state(place))
    if action == "status":
        _show(place, tell)


def _begin(
    place: Place, program: Host, address: tuple[str, int], tell: Tell, *, background: bool
) -> None:
    if not program.settings.flag("viewer_enabled"):
        tell("the server is switched off: CODEMEM_VIEWER")
    elif background:
        tell(f"server running, pid {_start(place, address, program.blocked)}")
        _tell_problem(_state(place), tell)
    else:
        _run(place, program, address)


def _leave_unsaid(_: str) -> None:
    """Say nothing: the JSON at the end tells it."""


def _run(place: Place, program: Host, address: tuple[str, int]) -> None:
    """Serve in this process, unless another one does."""
    # Never given back: it ends with the process, so a free lock means that nothing is left of it.
    lock = place.server_lock()
    if not lock.take(wait_s=SETTLE_S):
        click.echo(f"a server is running for this database: {place.db}")
        return
    # Imported here: who only looks or stops needs no framework (0.5 s).
    from codemem_viewer.server import run  # noqa: PLC0415

    run(place, lock=lock, plugins=program.plugins, settings=program.settings, address=address)


def _port(option: int | None, settings: Settings) -> int:
    return settings.number("viewer_port") if option is None else option


def _command(place: Place, address: tuple[str, int], blocked: Sequence[str]) -> list[str]:
    """Return the command line of a server in the foreground, whole: it needs no environment."""
    # -P: a file of the folder the command was called in must not stand in for a module.
    program = [sys.executable, "-P", "-m", "codemem_cli"]
    without = [part for name in blocked for part in ("-p", f"no:{name}")]
    options = ["--host", address[0], "--port", str(address[1]), "--db-path", place.db]
    return [*program, *without, "serve", "--foreground", *options]


def _service(place: Place, command: Sequence[str], action: str, *, only_print: bool) -> None:
    """Install the server as a service, or take that back."""
    # Imported here: nobody else needs property lists.
    from codemem_viewer.service_unit import Unit  # noqa: PLC0415

    unit = Unit.of(place, command)
    if only_print:
        steps = unit.on if action == "install" else unit.off
        click.echo(f"# {unit.path}\n{unit.text}")
        for step in steps:
            click.echo(f"# {' '.join(step)}")
    elif action == "install":
        _stop(place)  # the service is the one server of this database from now on
        unit.install()
        click.echo(f"installed and started: {unit.path}")
    else:
        gone = unit.uninstall()
        click.echo(f"removed: {unit.path}" if gone else "no service was installed")


def _start(place: Place, address: tuple[str, int], blocked: Sequence[str]) -> int | None:
    """Start a server that outlives this command; return its pid when one answers."""
    if answers(place):
        return server_pid(place)
    if (pid := server_pid(place)) and not os.path.exists(place.socket):
        raise CodememError(f"a server runs whose socket is gone, pid {pid}", hint=_NO_SOCKET_HINT)
    log = open_private(place.log, flags=os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    child = subprocess.Popen(
        _command(place, address, blocked),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=os.path.dirname(place.db),
        start_new_session=True,
    )
    os.close(log)
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        ended = child.poll()
        # One that found another server running ends well, and the other one is the server.
        if answers(place) and (ended == 0 or server_pid(place) == child.pid):
            return server_pid(place)
        if ended:
            break
        time.sleep(LOOK_AGAIN_S)
    raise CodememError(
        f"the server did not start: {_last_words(place.log)}", hint=f"see `{place.log}`"
    )


def _last_words(path: str) -> str:
    """Return the last line of a log that is no hint."""
    with open(path, encoding="utf-8", errors="replace") as file:
        said = [line for line in file.read().splitlines() if line and not line.startswith("hint:")]
    return said[-1].removeprefix("codemem: ") if said else "it said nothing"


def _stop(place: Place) -> bool:
    """Stop the server and wait until it is gone; False when there was none.

    Gone means that its lock is free, or another server's: then nothing of it is left.
    """
    told = None
    give_up = time.monotonic() + STOP_S
    with place.server_lock() as lock:
        while not lock.take(wait_s=LOOK_AGAIN_S if told else 0):
            pid = server_pid(place)
            if told is None and pid is not None:
                os.kill(pid, signal.SIGTERM)
                told = pid
            elif pid not in {told, None}:
                break
            if time.monotonic() > give_up:
                raise CodememError(f"the server does not stop: pid {told or 'unknown'}")
    return told is not None


def _state(place: Place) -> dict[str, Any]:
    """Return how things are, for programs."""
    pid = server_pid(place)
    noted = place.server_lock().read_note() if pid else {}
    return {
        "running": pid is not None,
        "pid": pid,
        "url": noted.get("url"),
        "problem": noted.get("problem"),
        "hint": noted.get("hint"),
        "database": place.db,
        "socket": place.socket if os.path.exists(place.socket) else None,
    }


def _show(place: Place, tell: Tell) -> None:
    """Say whether a server runs, and its link; exit 3 when none does, as `systemctl` does."""
    state = _state(place)
    if not state["running"]:
        tell(f"no server is running for {place.db}")
        raise SystemExit(3)
    tell(f"server running, pid {state['pid']}, database {place.db}")
    if state["url"] and sys.stdout.isatty():
        tell(page_link(place, state["url"]))
    elif state["url"]:
        tell(state["url"])
    _tell_problem(state, tell)
    if state["socket"] is None:
        tell(f"its socket is gone: {place.socket}\nhint: {_NO_SOCKET_HINT}")


def _tell_problem(state: dict[str, Any], tell: Tell) -> None:
    """Say why a running server has no pages, if it has none."""
    if state["problem"]:
        tell(f"its pages cannot be opened: {state['problem']}\nhint: {state['hint']}")
