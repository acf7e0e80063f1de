"""A server as it would be with the guard's judgement planted away: `python open_door.py serve …`.

For the attack tests' self-check: what reads nothing here could not have read anything anywhere.
"""

import sys

from codemem_cli.main import main
from codemem_viewer import guard

guard.check = lambda scope, door: None  # type: ignore[assignment]
guard.HEADERS.clear()
guard.HEADERS[b"access-control-allow-origin"] = b"*"

if __name__ == "__main__":
    sys.exit(main())
