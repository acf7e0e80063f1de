"""What each command may load: lazy is measured in modules, the same on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import every
import pytest
from seed import fill

from codemem_core.store.engine.store import Store

PROBE = """
import json, os, sys
before, really_exit = set(sys.modules), os._exit
def leave(code):
    print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.__stderr__, flush=True)
    really_exit(code)
os._exit = leave
sys.argv[1:] = {argv!r}
from codemem_cli.main import main
try:
    code = main()
except SystemExit as error:
    code = error.code
leave(code)
"""
FRAMEWORKS = {"httpx", "jinja2", "litestar", "mcp", "msgspec", "numpy", "pydantic", "uvicorn"}
SLOW = {"asyncio", "concurrent.futures", "importlib.metadata", "logging", "pluggy", "tempfile"}
"""What costs 5 ms and more."""
LIGHT = {
    *("completion", "history", "pin", "db stats", "queue gate", "show", "undo", "unpin"),
    "version",
}
"""Commands that ask no plugin. `edit` and `forget` do: an agent's shell may have called them."""
MOST_LIGHT = 196
MOST = 390
"""Modules; a bare interpreter with `-c` has 30 already, which are not counted."""


def loaded(argv: list[str], database: Path, stdin: str = "") -> tuple[int, set[str]]:
    """Run a command in a fresh interpreter: exit code, modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(argv=argv)],
        input=stdin,
        env={"HOME": os.environ["HOME"], "CODEMEM_DB": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, object]:
    """Make a database and the files that commands read."""
    with Store.open(str(tmp_path / "mem.sqlite")) as store:
        fill(store, now_ms=1_780_000_000_000, weeks=1)
    (tmp_path / "questions.jsonl").write_text('{"query": "VAT", "relevant_ids": [1]}\n')
    (tmp_path / "prompts.txt").write_text("VAT\n")
    return {
        "database": tmp_path / "mem.sqlite",
        "questions": tmp_path / "questions.jsonl",
        "prompts": tmp_path / "prompts.txt",
        "folder": tmp_path / "new",
    }


@pytest.mark.parametrize("name", [*every.READS, *every.WRITES, *every.OTHERS])
def test_a_command_loads_what_it_uses(name: str, files: dict[str, object]) -> None:
    """No framework for any of these, and no plugin for those that ask none."""
    argv = every.arguments(name, files)

    _, modules = loaded(argv, Path(str(files["database"])), every.STDIN.get(name, ""))

    light = name in LIGHT
    assert {module.partition(".")[0] for module in modules} & FRAMEWORKS == set()
    assert not (light and modules & SLOW)
    assert len(modules) <= (MOST_LIGHT if light else MOST)


@pytest.mark.parametrize("name", ["--help", *(name for name, _ in every.leaves())])
def test_help_loads_no_framework(name: str, tmp_path: Path) -> None:
    """Not even that of a command which serves; listing commands imports none of them."""
    argv = ["--help"] if name == "--help" else [*name.split(), "--help"]

    code, modules = loaded(argv, tmp_path / "none.sqlite")

    assert code == 0
    frameworks = {module.partition(".")[0] for module in modules} & FRAMEWORKS
    assert frameworks == set() or name in {"mcp", "serve"}
    if name == "--help":
        assert not any(module.startswith("codemem_cli.commands.") for module in modules)
