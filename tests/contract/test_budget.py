"""What the commands that Claude Code waits for may load.

Counted in modules, not milliseconds: the same on every machine.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys
before = set(sys.modules)
sys.argv[1:] = {argv!r}
from codemem_core.cli.main import main
code = main()
import json
sys.stderr.write(json.dumps([code, sorted(set(sys.modules) - before)]))
"""
FORBIDDEN = {
    "asyncio",
    "click",
    "dataclasses",
    "hashlib",
    "http.client",
    "httpx",
    "importlib.metadata",
    "inspect",
    "litestar",
    "logging",
    "msgspec",
    "pathlib",
    "pluggy",
    "sqlite3",
    "subprocess",
    "typing",
    "urllib.request",
}


def run(home: Path, *argv: str, stdin: str) -> tuple[int, set[str], str]:
    """Run a command in a fresh interpreter: exit code, modules it loaded, what it printed."""
    done = subprocess.run(
        # Without `site`'s extras: an editable install may load modules of its own.
        [sys.executable, "-c", PROBE.format(argv=list(argv))],
        input=stdin,
        env={"HOME": str(home), "CODEMEM_VIEWER": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules), done.stdout


@pytest.mark.parametrize(
    ("command", "budget"), [("claude-hook-ingest", 40), ("claude-hook-inject", 60)]
)
def test_hook_path_stays_light(home: Path, command: str, budget: int) -> None:
    """A hook command loads no framework and few modules, whatever is installed."""
    stdin = json.dumps({"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": ""})

    code, modules, _ = run(home, command, stdin=stdin)

    assert code == 0
    assert FORBIDDEN & modules == set()
    assert len(modules) <= budget


def test_version_loads_next_to_nothing(home: Path) -> None:
    """The host scripts ask for it before everything else."""
    _, modules, printed = run(home, "version", stdin="")

    assert printed.strip().count(".") == 2
    assert len(modules) <= 10
