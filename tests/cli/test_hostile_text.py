"""Memory text is data: on a terminal nothing of it is obeyed."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import apsw
import every
import pytest

from codemem_core.records.event import RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import batches, events, journal, memories, sessions, usage
from codemem_core.store.engine.store import Store
from codemem_core.store.usage import Usage

EVIL = (
    "VAT \x1b]52;c;ZXZpbA==\x07 \x1b[2J\x1b[31m \x9b31m \x90q \x08\x08 \r over \x7f \u202e gpj"
    " \u2066 \u200b \u2028 \ufeff \U000e0041 \x00 \x1bc"
)
"""Clipboard, clear screen, colour, 8-bit controls, backspace, return, bidirectional, invisible."""
OURS = re.compile(rb"\x1b\[(?:\d{1,2}m|K)|\r(?=\x1b\[K|[A-Z][a-z ]+: \d)")
"""Bold, colour, writing and wiping the line of progress."""
_UNTAMED = "import codemem_core.commands.output as output\noutput.plain = lambda text: text\n"
_RUN = "import sys\nfrom codemem_cli.main import main\nsys.exit(main())"


def obeyed(shown: bytes) -> set[str]:
    """Return the characters of a terminal's input that are no text and not ours."""
    text = OURS.sub(b"", shown).decode("utf-8")
    return {
        c
        for c in text
        if c not in "\n\r\t"
        and unicodedata.category(c) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    } | ({"\r"} if re.search(r"\r(?!\n)", text) else set())


def _fill(db: apsw.Connection) -> None:
    session = sessions.by_hand(db, project=EVIL, cwd=EVIL, now_ms=1)
    for n in range(5):
        new = NewMemory(
            key=f"k{n}",
            kind="note",
            title=f"{n} {EVIL}",
            body=f"{EVIL}\nVAT {EVIL}",
            subtitle=EVIL,
            facts=(EVIL,),
            narrative=EVIL,
            concepts=(EVIL,),
            files_modified=(EVIL,),
            tags=(EVIL,),
            origin="user",
            metadata={"evil": EVIL},
        )
        memories.add(db, new, session_id=session, now_ms=n + 1)
    with journal.recorded(db, EVIL, by="viewer", now_ms=9):
        memories.edit(db, 4, {"pinned": True}, now_ms=9)
    event = RawEvent(
        source="claude",
        stream_id=EVIL,
        event_id="e",
        event_type="claude.hook",
        payload={},
        origin="user",
        project=EVIL,
    )
    events.append(db, [event], now_ms=9)
    taken = batches.claim(db, ("claude", EVIL), extractor="x", max_events=0, now_ms=9)
    assert taken is not None
    batches.fail(db, taken, batches.Failure(kind="auth", message=EVIL), now_ms=9)
    usage.record(db, Usage(event="observe", runtime=EVIL, model=EVIL, tokens_read=1), now_ms=9)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database in which every text is hostile."""
    path = tmp_path_factory.mktemp("hostile") / "mem.sqlite"
    with Store.open(str(path)) as store:
        store.write(_fill)
    return path


def on_a_terminal(argv: list[str], stdin: str, *, code: str) -> bytes:
    """Run the program with a terminal for its output and errors; return what it is sent."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code, *argv], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    assert child.stdin is not None
    child.stdin.write(stdin.encode())
    child.stdin.close()
    shown = b""
    with open(ours, "rb", buffering=0) as terminal:
        while True:
            try:
                chunk = terminal.read(65536)
            except OSError:  # the other side is closed
                break
            if not chunk:
                break
            shown += chunk
    child.wait()
    return shown


def arguments(name: str, tmp_path: Path) -> list[str]:
    """Return the command line, and write the files that it names."""
    question = json.dumps({"query": EVIL, "relevant_ids": [1, 2]})
    (tmp_path / "questions.jsonl").write_text(f"{question}\n")
    (tmp_path / "prompts.txt").write_text("VAT\n")
    places = {
        "questions": tmp_path / "questions.jsonl",
        "prompts": tmp_path / "prompts.txt",
        "folder": tmp_path / "new",
    }
    return every.arguments(name, places)


@pytest.fixture
def copied(hostile: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the hostile database where the commands look."""
    Path(database).parent.mkdir(mode=0o700)
    Path(database).write_bytes(hostile.read_bytes())
    monkeypatch.setenv("CODEMEM_DB", database)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("name", [*every.READS, *every.WRITES, *every.OTHERS])
def test_a_terminal_is_sent_text(name: str, tmp_path: Path, home: Path) -> None:
    """Whatever the memories hold."""
    del home
    argv = arguments(name, tmp_path)

    shown = on_a_terminal(argv, every.STDIN.get(name, ""), code=_RUN)

    assert obeyed(shown) == set()


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("name", ["recent", "search", "status", "history", "queue status"])
def test_a_command_that_does_not_tame_its_text_is_caught(name: str, tmp_path: Path) -> None:
    """Without that one function the same run shows what it must not."""
    argv = arguments(name, tmp_path)

    shown = on_a_terminal(argv, "", code=_UNTAMED + _RUN)

    assert "\x1b" in obeyed(shown)


@pytest.mark.usefixtures("copied")
def test_what_a_user_types_is_tamed_in_errors(tmp_path: Path) -> None:
    """A name that was pasted with something in it."""
    del tmp_path
    for argv in (["\x1b[2J"], ["recent", "--\x1b[2J"], ["show", "\x1b[2J"]):
        assert obeyed(on_a_terminal(argv, "", code=_RUN)) == set()


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets none, and NO_COLOR means none either."""
    code = "from codemem_core.commands.output import say\nsay('x', bold=True, colour='red')"
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    shown = on_a_terminal([], "", code=code)

    assert piped == b"x\n"
    assert OURS.search(shown)
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in on_a_terminal(["doctor"], "", code=_RUN)


def test_progress_is_for_terminals_and_wiped_at_the_end() -> None:
    """A pipe, and whoever reads standard error in a script, gets none."""
    code = (
        "from codemem_core.commands.output import Progress\n"
        "with Progress('Embedded', total=2000) as progress: progress.at(1500)"
    )
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    shown = on_a_terminal([], "", code=code)

    assert (piped.stdout, piped.stderr) == (b"", b"")
    assert shown == b"\rEmbedded: 1,500 of 2,000\r\x1b[K"
