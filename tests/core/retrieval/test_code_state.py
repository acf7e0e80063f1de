"""Memories know whether the files they name are still what they were."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.code_state import CHANGED, GONE, code_of, commit_of, stale
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store


def git(folder: Path, *arguments: str) -> str:
    """Run git without anybody's configuration and return what it prints."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    ran = subprocess.run(
        ["git", *who, *arguments],
        cwd=folder, env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ran.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with one committed file."""
    folder = tmp_path / "demo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "vat.py").write_text("RATE = 19\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def bound(store: Store, root: Path) -> int:
    """Write a memory about `vat.py` as it is now."""
    code = code_of(str(root), ["vat.py"])
    new = NewMemory(
        key="k", kind="bugfix", title="t", body="b", origin="user", metadata={"code": code}
    )

    def write(db: object) -> int:
        at = sessions.of_stream(db, ("claude", "s"), project="demo", cwd=str(root), started_ms=1)  # type: ignore[arg-type]
        return memories.add(db, new, session_id=at, now_ms=1) or 0  # type: ignore[arg-type]

    return store.write(write)


def state_of(store: Store, memory_id: int, *, budget_s: float = 9.0) -> str:
    """Return what the store says of a memory's files."""
    with store.read() as db:
        return stale(db, [memory_id], budget_s=budget_s).get(memory_id, "")


def test_hashes_and_commit_are_those_of_git(repository: Path) -> None:
    """They can be looked up with git, loose or packed."""
    code = code_of(str(repository), ["vat.py", "no.py"])
    git(repository, "pack-refs", "--all")

    assert code["files"]["vat.py"][0] == git(repository, "hash-object", "vat.py")
    assert code["commit"] == commit_of(str(repository)) == git(repository, "rev-parse", "HEAD")
    assert set(code["files"]) == {"vat.py"}


def test_a_worktree_has_a_commit_of_its_own(repository: Path, tmp_path: Path) -> None:
    """Its `.git` is a file that names where the rest is."""
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))

    assert commit_of(str(tmp_path / "other")) == git(repository, "rev-parse", "other")


def test_a_changed_file_marks_the_memory_until_it_is_changed_back(
    store: Store, repository: Path
) -> None:
    """A new time alone is no change: a checkout sets it."""
    memory_id = bound(store, repository)
    file = repository / "vat.py"
    os.utime(file, ns=(1, 1))
    assert state_of(store, memory_id) == ""

    file.write_text("RATE = 20\n")
    assert state_of(store, memory_id) == CHANGED

    file.write_text("RATE = 19\n")
    assert state_of(store, memory_id) == ""


def test_a_file_that_is_gone_says_so(store: Store, repository: Path) -> None:
    """Unless the whole folder is: then it is on another machine."""
    memory_id = bound(store, repository)
    (repository / "vat.py").unlink()
    assert state_of(store, memory_id) == GONE

    repository.rename(repository.with_name("elsewhere"))
    assert state_of(store, memory_id) == ""


def test_no_time_means_no_answer(store: Store, repository: Path) -> None:
    """A pack does not wait for a slow disk."""
    memory_id = bound(store, repository)
    (repository / "vat.py").unlink()

    assert state_of(store, memory_id, budget_s=-1.0) == ""


def test_files_outside_the_folder_are_not_looked_at(repository: Path) -> None:
    """A memory names what it likes; links and special files are not read either."""
    (repository / "link.py").symlink_to("/etc/hostname")
    os.mkfifo(repository / "pipe.py")

    code = code_of(str(repository), ["../x", "/etc/hostname", "link.py", "pipe.py"])

    assert {path: known[0] for path, known in code["files"].items()} == {
        "link.py": "",
        "pipe.py": "",
    }


def test_git_is_never_run(store: Store, repository: Path) -> None:
    """A repository's settings name programs: none of them may start."""
    marker = repository / "started"
    config = repository / ".git" / "config"
    programs = f'[core]\nfsmonitor = "touch {marker}"\n[filter "x"]\nclean = "touch {marker}"\n'
    config.write_text(config.read_text() + programs)
    (repository / ".gitattributes").write_text("*.py filter=x diff=x\n")
    memory_id = bound(store, repository)
    (repository / "vat.py").write_text("RATE = 20\n")

    assert state_of(store, memory_id) == CHANGED
    assert not marker.exists()
    assert json.dumps(code_of(str(repository), ["vat.py"]))
