"""Entry of the `codemem` script: decide in microseconds whether click is needed at all."""

from __future__ import annotations

import os
import sys

from codemem_core._version import __version__
from codemem_core.cli import fast


def main() -> int:
    """Run the command in `sys.argv` and return its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["version"], ["--version"]):
        sys.stdout.write(__version__ + "\n")
        return 0
    target = fast.find(arguments[0]) if arguments else None
    if target is not None:
        code = target(arguments[1:])
        sys.stdout.flush()
        os._exit(code)  # tearing the interpreter down would cost 3 of 25 ms
    from codemem_core.cli.app import run  # noqa: PLC0415 - click and pluggy cost 90 ms

    return run(arguments)
