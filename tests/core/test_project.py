"""The project label: from the variable, the repository, the folder or the payload."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.project import normalize_label, project_label

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    """Run git in `folder` without the user's settings."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]
    subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True
    )


def repository(folder: Path) -> Path:
    """Make a repository with one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "start")
    return folder


def label_of(cwd: Path | str | None, payload: str | None = None, **environ: str) -> str | None:
    """Ask for the label of a host's event."""
    return project_label(
        cwd=None if cwd is None else str(cwd), payload_project=payload, environ=environ
    )


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("codemem", "codemem"),
        ("/Users/adam/workspace/codemem", "codemem"),
        ("/Users/adam/workspace/codemem/", "codemem"),
        (r"C:\Users\adam\workspace\codemem", "codemem"),
        ("D:/dev/client-demo", "client-demo"),
        (r"\\server\share\team\project-x", "project-x"),
        (r"\\?\C:\work\codemem", "codemem"),
        ("my project", "my project"),
        *((text, None) for text in ("", " \n", "/", "//", "C:", "C:\\", "d:/", ".", "..")),
        (r"\\server\share", None),
        ("fatal: not a git repository: /srv/app", None),
    ],
)
def test_label_is_the_last_part_of_a_path(text: str, label: str | None) -> None:
    """Paths of every system are reduced; blanks, roots and git errors are no label."""
    assert normalize_label(text) == label


@given(st.text(alphabet=st.sampled_from("aZ:/\\. ~\n\0é\ud800") | st.characters()))
def test_label_of_a_label_is_itself(text: str) -> None:
    """Normalising twice changes nothing, whatever the text."""
    label = normalize_label(text)

    assert label is None or (label != "" and normalize_label(label) == label)


def test_variable_wins_over_repository_and_payload(tmp_path: Path) -> None:
    """`CODEMEM_PROJECT` is reduced like any other label and comes first."""
    folder = repository(tmp_path / "app")

    assert label_of(folder, "other", CODEMEM_PROJECT=r"C:\dev\shared") == "shared"
    assert label_of(folder, "other", CODEMEM_PROJECT=" ") == "app"


def test_subfolder_belongs_to_its_repository(tmp_path: Path) -> None:
    """The nearest folder with `.git` names the project, not the payload."""
    deep = repository(tmp_path / "app") / "src" / "deep"
    deep.mkdir(parents=True)

    assert label_of(deep, "/other/name") == "app"


def test_worktree_belongs_to_its_main_repository(tmp_path: Path) -> None:
    """All worktrees of a repository are one project, even when it is out of reach."""
    app = repository(tmp_path / "app")
    git(app, "worktree", "add", "-q", str(tmp_path / "fix-42"))
    (tmp_path / "fix-42" / "src").mkdir()

    assert label_of(tmp_path / "fix-42" / "src") == "app"
    app.rename(tmp_path / "elsewhere")
    assert label_of(tmp_path / "fix-42") == "app"


@pytest.mark.parametrize("bare", ["app.git", "app/.bare"])
def test_worktree_of_a_bare_repository_is_named_after_it(tmp_path: Path, bare: str) -> None:
    """`app.git` and `app/.bare` are both called `app`."""
    start = repository(tmp_path / "start")
    git(tmp_path, "clone", "-q", "--bare", str(start), str(tmp_path / bare))
    git(tmp_path / bare, "worktree", "add", "-q", "-b", "fix", str(tmp_path / "fix-42"))

    assert label_of(tmp_path / "fix-42") == "app"


def test_submodule_is_its_own_project(tmp_path: Path) -> None:
    """A submodule has a `.git` file too, but is not its parent."""
    library = repository(tmp_path / "library")
    app = repository(tmp_path / "app")
    git(app, "submodule", "add", "-q", str(library), "vendor/lib")

    assert label_of(app / "vendor" / "lib") == "lib"


def test_folder_without_repository_names_itself(tmp_path: Path) -> None:
    """No repository, or no folder any more: the last part of the working directory."""
    (tmp_path / "notes").mkdir()

    assert label_of(tmp_path / "notes", "other") == "notes"
    assert label_of(tmp_path / "gone") == "gone"
    assert label_of(r"C:\Users\adam\codemem") == "codemem"


@pytest.mark.parametrize("cwd", [None, "", "/"])
def test_payload_names_the_project_when_the_folder_cannot(cwd: str | None) -> None:
    """The payload's `project` is the last resort."""
    assert label_of(cwd, "/srv/app") == "app"
    assert label_of(cwd) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\0", b"gitdir:", b"gitdir: \0", b"gitdir: //host/x", b"gitdir: " + b"a" * 9000],
)
def test_broken_git_file_is_an_ordinary_repository(tmp_path: Path, content: bytes) -> None:
    """A `.git` file that git did not write names nothing but its own folder."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".git").write_bytes(content)

    assert label_of(tmp_path / "app") == "app"


def test_working_directory_may_hold_anything() -> None:
    """Characters that no file system takes raise nothing."""
    assert label_of("/a/\0b") == "\0b"
    assert label_of("/a/\ud800") == "\ud800"
