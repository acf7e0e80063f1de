"""A place with `codemem` processes, and what an agent says first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Agent = Callable[..., Any]
PROGRAM = ["-P", "-m", "codemem_cli"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def environment(place: Path) -> dict[str, str]:
    """Return what a process of the place sees of the environment."""
    named = {"HOME": str(place), "CODEMEM_DB": str(place / "mem.sqlite")}
    return {"PATH": os.environ["PATH"], "CODEMEM_VIEWER_PORT": "0", **named}


def program(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `codemem` to its end."""
    command = [sys.executable, *PROGRAM, *arguments]
    return subprocess.run(
        command, env=environment(place), cwd=place, capture_output=True, text=True, check=True
    )
