"""Whether this codemem is the one the Claude Code plugin was made for."""

from __future__ import annotations

from codemem_core import __version__

OTHER_VERSION = 75
"""Exit code of a hook command that is not what the plugin wants (`EX_TEMPFAIL`)."""


def is_version(arguments: list[str]) -> bool:
    """Say whether this is the version that `--plugin-version V`, first in `arguments`, asks for.

    `1.2` asks for any 1.2.x: the first parts have to be the same. Without the option any will do.
    """
    if len(arguments) < 2 or arguments[0] != "--plugin-version":
        return True
    return f"{__version__}.".startswith(f"{arguments[1]}.")
