"""What Claude Code itself remembers comes over, part by part."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from codemem_core.records.memory import Memory
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer.claude_files import take
from codemem_transfer.incoming import Incoming, Label

NOW_MS = 1_999_000_000_000


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Path:
    """Make a project with memory files, and the user's own."""
    folder = tmp_path / "my-shop"
    (folder / ".claude" / "rules").mkdir(parents=True)
    (folder / "CLAUDE.md").write_text("Intro @other.md\n\n# Build\nuse uv\n\n## Tests\nrun tox\n")
    (folder / "CLAUDE.local.md").write_text("my sandbox")
    (folder / ".claude" / "rules" / "api.md").write_text("# API\nno floats")
    own = home / ".claude"
    notes = own / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(folder)) / "memory"
    notes.mkdir(parents=True)
    (own / "CLAUDE.md").write_text("# Style\nshort functions")
    (notes / "MEMORY.md").write_text("# Index\n- [Debugging](debugging.md) - how to\n")
    (notes / "debugging.md").write_text(
        "---\nname: debugging\ndescription: How to debug\ntype: feedback\n---\nUse pdb.\n# More\nx"
    )
    return folder


def brought(store: Store, cwd: Path) -> list[Memory]:
    """Import, and return what is there and not forgotten."""
    with closing(Incoming(now_ms=NOW_MS)) as incoming:
        take(incoming, str(cwd), label=os.path.basename)
        incoming.write(store, Label(text="import"))
    with store.read() as db:
        found = rows(db, "SELECT id FROM memories WHERE active ORDER BY id")
        return [memory for (n,) in found if (memory := memories.get(db, n))]


def test_every_part_of_every_file_is_a_memory(store: Store, project: Path) -> None:
    """The user's for every project, the others for theirs; an index says nothing."""
    found = brought(store, project)

    assert [(memory.title, memory.body, memory.project) for memory in found] == [
        ("CLAUDE.md: Style", "short functions", None),
        ("CLAUDE.md: Intro @other.md", "Intro @other.md", "my-shop"),
        ("CLAUDE.md: Build", "use uv", "my-shop"),
        ("CLAUDE.md: Build > Tests", "run tox", "my-shop"),
        ("CLAUDE.local.md: my sandbox", "my sandbox", "my-shop"),
        ("api.md: API", "no floats", "my-shop"),
        ("How to debug", "Use pdb.\n# More\nx", "my-shop"),
    ]
    assert {memory.origin for memory in found} == {"import"}


def test_a_part_that_changed_replaces_the_old_one(store: Store, project: Path) -> None:
    """The rest stays; nothing comes twice."""
    before = brought(store, project)
    (project / "CLAUDE.local.md").write_text("my cluster")
    after = brought(store, project)

    assert len(after) == len(before)
    assert {memory.body for memory in after} ^ {memory.body for memory in before} == {
        "my sandbox",
        "my cluster",
    }


def test_a_transcript_tells_where_a_mangled_folder_is(store: Store, project: Path) -> None:
    """Its name alone does not tell `my-shop` from `my/shop`, where neither exists any more."""
    [folder] = (Path.home() / ".claude" / "projects").iterdir()
    folder = folder.rename(folder.with_name("-gone-my-shop"))
    (folder / "a.jsonl").write_text(json.dumps({"type": "user", "cwd": "/gone/my-shop"}) + "\n")
    os.unlink(project / "CLAUDE.md")
    (project / "CLAUDE.local.md").unlink()

    assert brought(store, project)[-1].project == "my-shop"


def test_the_command_says_what_it_would_bring(home: Path, project: Path) -> None:
    """A dry run makes no database."""
    command = [sys.executable, "-m", "codemem_cli", "import-from-claude-files", str(project)]
    done = subprocess.run([*command, "--dry-run", "--json"], capture_output=True, check=True)

    told = json.loads(done.stdout)["tables"]
    assert told["parts"] == {"read": 7, "written": 7, "skipped": {}}
    assert not (home / ".codemem").exists()
