"""The exit codes that scripts of earlier releases rely on."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from codemem_cli.main import main

CODES = {
    "show 77": (1, ""),
    "search": (2, ""),
    "remember bogus title body": (2, ""),
    "remember DECISION title body": (0, ""),
    "enqueue-raw-event": (2, "{}"),
    "ingest": (1, "{"),
    "ingest --json": (0, ""),
    "import-memories -": (1, "{"),
    "import-memories - --dry-run": (1, '{"version": "2.0"}'),
    "import-memories nowhere.json": (1, ""),
    "export-memories none.json": (0, ""),
    "raw-events-gate": (1, ""),
    "raw-events-retry nowhere": (1, ""),
    "db rename-project  shop": (2, ""),
    "serve --stop --restart": (1, ""),
    "serve --stop": (0, ""),
    "hybrid-eval twice.jsonl": (2, ""),
    "hybrid-eval once.jsonl --min-delta-recall 0.5": (1, ""),
    "install-mcp": (1, ""),
    "install-plugin": (0, ""),
}
"""By command line: what it returns, and what it reads."""


@pytest.mark.parametrize("line", CODES)
def test_exit_code(line: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it always was; a session that does not exist is an error now."""
    code, text = CODES[line]
    question = '{"query": "VAT", "relevant_ids": [1]}\n'
    (home / "once.jsonl").write_text(question)
    (home / "twice.jsonl").write_text(question * 2)
    (home / ".config" / "opencode").mkdir(parents=True)
    (home / ".config" / "opencode" / "opencode.json").write_text("{{")
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", ["codemem", *line.split(" ")])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    monkeypatch.setattr("codemem_cli.main._leave", lambda _code: None)

    try:
        ended: object = main()
    except SystemExit as end:
        ended = end.code

    assert ended == code


def test_no_sessions_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export of nothing leaves nothing behind."""
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", ["codemem", "export-memories", "none.json"])
    monkeypatch.setattr("codemem_cli.main._leave", lambda _code: None)

    assert main() == 0
    assert not (home / "none.json").exists()
