"""`codemem demo` as somebody who has just installed codemem runs it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import codemem_claude.demo.command
from codemem_cli.app import run

RUN = "import sys; from codemem_cli.main import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put temporary files where the test can see what is left of them."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_demo_shows_memories_and_what_a_later_session_is_told(
    home: Path, temporary: Path
) -> None:
    """Everything runs for real, and nothing is left behind."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, "demo"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "What codemem remembers of the session" in done.stdout
    assert "Line.vat" in done.stdout.partition("and gets")[2]
    assert list(home.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_a_missing_answer_fails_the_demo_and_names_the_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], temporary: Path
) -> None:
    """The demonstration cannot succeed by printing nothing."""
    monkeypatch.setattr(codemem_claude.demo.command, "MUST_TELL", ("never said",))

    code = run(["demo"])

    assert code == 1
    assert "the later session does not get: never said" in capsys.readouterr().err
    assert list(temporary.iterdir()) == []
