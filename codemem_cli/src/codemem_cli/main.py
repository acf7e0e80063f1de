"""Entry of the `codemem` script: decide in microseconds whether click is needed at all."""

from __future__ import annotations

import gc
import os
import sys

from codemem_cli import fast
from codemem_core._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codemem_cli.fast import Target


def main() -> int:
    """Run the command in `sys.argv` and return its exit code."""
    _open_streams()
    arguments = [_text(argument) for argument in sys.argv[1:]]
    if arguments in (["version"], ["--version"]):
        sys.stdout.write(__version__ + "\n")
        return 0
    target = fast.find(arguments[0]) if arguments else None
    if target is not None:
        code = _run_hook(target, arguments)
        os._exit(code)  # tearing the interpreter down would cost 3 of 25 ms
    gc.set_threshold(50_000)  # importing makes objects and no garbage: 5 of 60 ms
    from codemem_cli.app import run  # noqa: PLC0415 - click costs 25 ms
    from codemem_cli.command_table import target_of  # noqa: PLC0415

    code = run(arguments)
    # A thread that a plugin left behind would keep the process for ever.
    if arguments and (target_of(arguments[0]) or _threads_left()):
        _leave(code)
    return code


def _open_streams() -> None:
    """Give the process three streams that take any text, whatever the caller closed or set."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free number, so no database ever gets one of the first three.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _text(argument: str) -> str:
    """Return an argument as text that can be stored; a path keeps the bytes it has."""
    if argument.isascii() or "/" in argument or os.path.exists(argument):
        return argument
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _threads_left() -> bool:
    if "codemem_core.plugins.registry" not in sys.modules:
        return False
    from codemem_core.plugins.caller import threads_left  # noqa: PLC0415 - loaded by now

    return bool(threads_left())


def _leave(code: int) -> None:
    """End a command of ours without tearing the interpreter down, which takes 8 of 60 ms."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # Python says what is wrong with the streams, as always
    os._exit(code)


def _run_hook(target: Target, arguments: list[str]) -> int:
    """Run a command that a host waits for; whatever goes wrong in it, the host goes on."""
    try:
        code = target(arguments[1:])
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - our bug must not fail somebody's tool call
        from codemem_core.config.settings import Settings  # noqa: PLC0415
        from codemem_core.hookpath.log import log  # noqa: PLC0415

        log(Settings.load(), f"{arguments[0]} failed: {type(error).__name__}: {error}")
        return 0
    return code
