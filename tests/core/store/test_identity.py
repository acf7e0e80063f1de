"""One project a folder for life, whatever happens to the folder."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from codemem_core.project import place_of
from codemem_core.store import events, projects
from codemem_core.store.engine.store import Store
from tests.conftest import EventMaker


def repository(folder: Path, remote: str | None = None) -> Path:
    """Make a repository, with a remote if one is named."""
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    if remote:
        command = ["git", "-C", str(folder), "remote", "add", "origin", remote]
        subprocess.run(command, check=True)
    return folder


def label(cwd: Path) -> str | None:
    """Return what the folder alone says."""
    return place_of(str(cwd), environ={}).label


def claimed(store: Store, cwd: Path) -> str | None:
    """Work in a folder."""
    return store.write(lambda db: projects.claim(db, label(cwd), str(cwd)))


def asked(store: Store, cwd: Path) -> str | None:
    """Ask for a folder's project without working there."""
    with store.read() as db:
        return projects.settled(db, label(cwd), str(cwd))


def test_a_nested_repository_does_not_take_the_session_over(
    store: Store, tmp_path: Path, make_event: EventMaker
) -> None:
    """A later event may come from a submodule or a checkout below; a chosen name still counts."""
    app = repository(tmp_path / "app")
    nested = repository(app / "vendor" / "lib")

    def project_after(name: str | None, folder: Path) -> str:
        event = replace(make_event(), project=name, cwd=str(folder))
        store.write(lambda db: events.append(db, [event], now_ms=1))
        with store.read() as db:
            return str(db.execute("SELECT project FROM streams").get)

    assert project_after(label(app), app) == "app"
    assert project_after(label(nested), nested) == "app"
    assert project_after("shop", app) == "shop"
    assert project_after(label(app), app) == "shop"


def test_git_init_keeps_the_project_of_the_folder(store: Store, tmp_path: Path) -> None:
    """In the folder itself and in one above it; and when the repository is taken away again."""
    plain, part = tmp_path / "new" / "app", tmp_path / "new" / "app" / "web"
    part.mkdir(parents=True)
    assert [claimed(store, plain), claimed(store, part)] == ["app", "web"]

    subprocess.run(["git", "init", "-q", str(plain)], check=True)
    assert [claimed(store, plain), claimed(store, part)] == ["app", "web"]

    shutil.rmtree(plain / ".git")
    assert claimed(store, plain) == "app"


@pytest.mark.parametrize("with_commit", [True, False])
def test_a_renamed_repository_without_remote_keeps_its_project(
    store: Store, tmp_path: Path, with_commit: bool
) -> None:
    """It is known by its first days; a copy beside the original is another one."""
    app = repository(tmp_path / "app")
    if with_commit:
        who = ["-c", "user.name=x", "-c", "user.email=a@b"]
        command = ["git", "-C", str(app), *who, "commit", "-q", "--allow-empty", "-m", "first"]
        subprocess.run(command, check=True)
    claimed(store, app)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(app), str(copy)], check=True)
    assert asked(store, copy) == "copy"
    shutil.rmtree(copy)

    moved = app.rename(tmp_path / "later")

    with store.read() as db:
        found = projects.answer(db, label(moved), str(moved))
    assert (found.project, found.why) == ("app", f"moved here from {app}")


def test_a_removed_worktree_and_a_removed_folder_stay_in_their_project(
    store: Store, tmp_path: Path
) -> None:
    """Late hooks and old transcripts name folders that are gone."""
    app = repository(tmp_path / "app")
    git = ["git", "-C", str(app), "-c", "user.name=x", "-c", "user.email=a@b"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    inside, beside = app / ".claude" / "worktrees" / "x", tmp_path / "app-x"
    for number, folder in enumerate((inside, beside)):
        add = ["worktree", "add", "-q", "-b", f"b{number}", str(folder)]
        subprocess.run([*git, *add], check=True)
        assert claimed(store, folder) == "app"
        subprocess.run([*git, "worktree", "remove", "--force", str(folder)], check=True)

    gone = (inside, beside, app / "src" / "gone")
    assert [asked(store, folder) for folder in gone] == ["app"] * 3
