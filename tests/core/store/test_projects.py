"""What a place is called once the database has its say."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.project import place_of, remote_of
from codemem_core.store import events, moves, projects, sessions
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_core.store.moves import Move
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


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/API.git",
        "ssh://git@github.com:22/acme/api",
        "https://ada:ghp_secret@github.com/acme/api.git/",
        "https://github.com/acme/api",
    ],
)
def test_a_remote_is_the_same_however_it_is_written(tmp_path: Path, url: str) -> None:
    """Protocol, credentials, port and suffix do not count, and credentials are not kept."""
    app = repository(tmp_path / "app", url)

    assert remote_of(str(app / ".git")) == "github.com/acme/api"


@pytest.mark.parametrize("url", ["/srv/api.git", "../api", "file:///srv/api", "C:/api", "~/api"])
def test_a_path_is_no_remote(tmp_path: Path, url: str) -> None:
    """A path says nothing on another machine."""
    app = repository(tmp_path / "app", url)

    assert remote_of(str(app / ".git")) == ""


@given(st.binary(max_size=300))
def test_a_config_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the config holds, the remote is text that can be stored."""
    folder = tmp_path_factory.mktemp("git")
    (folder / "config").write_bytes(b'[remote "origin"]\n\turl = ' + data)

    remote_of(str(folder)).encode()


def test_two_repositories_of_one_name_are_two_projects(store: Store, tmp_path: Path) -> None:
    """The first keeps the name of its folder, the second is told apart by its owner."""
    ours = repository(tmp_path / "a" / "api", "git@github.com:acme/api.git")
    theirs = repository(tmp_path / "b" / "api", "git@github.com:globex/api.git")

    assert claimed(store, ours) == "api"
    assert asked(store, theirs) == "api@globex"
    assert claimed(store, theirs) == "api@globex"
    assert asked(store, ours) == "api"


def test_two_repositories_without_remote_are_told_apart_by_folder(
    store: Store, tmp_path: Path
) -> None:
    """So are plain folders."""
    for kind in ("repository", "folder"):
        ours, theirs = tmp_path / "a" / kind, tmp_path / "b" / kind
        for folder in (ours, theirs):
            folder.mkdir(parents=True)
            if kind == "repository":
                subprocess.run(["git", "init", "-q", str(folder)], check=True)

        assert claimed(store, ours) == kind
        assert claimed(store, theirs) == f"{kind}@b"


def test_a_third_one_of_name_and_owner_is_told_apart_too(store: Store, tmp_path: Path) -> None:
    """By a number made of where it is."""
    for root in ("a", "b/x", "c/x"):
        (tmp_path / root / "notes").mkdir(parents=True)
    first, second, third = (
        claimed(store, tmp_path / root / "notes") for root in ("a", "b/x", "c/x")
    )

    assert (first, second) == ("notes", "notes@x")
    assert third is not None
    assert third.startswith("notes@x-")
    assert asked(store, tmp_path / "c/x/notes") == third


def test_a_clone_elsewhere_is_the_same_project(store: Store, tmp_path: Path) -> None:
    """Another folder, or a container's mount point: the remote tells."""
    home = repository(tmp_path / "src" / "shop", "git@github.com:acme/shop.git")
    mount = repository(tmp_path / "workspace", "https://github.com/acme/shop")

    assert claimed(store, home) == "shop"
    assert claimed(store, mount) == "shop"


def test_another_repository_at_the_same_mount_point_is_another_project(
    store: Store, tmp_path: Path
) -> None:
    """In containers `/workspace` is something else every time."""
    mount = repository(tmp_path / "workspace", "git@github.com:acme/shop.git")
    assert claimed(store, mount) == "workspace"
    subprocess.run(
        ["git", "-C", str(mount), "remote", "set-url", "origin", "git@github.com:acme/blog.git"],
        check=True,
    )

    assert claimed(store, mount) == "workspace@acme"


@pytest.fixture
def mount() -> Iterator[Path]:
    """Make a repository right below the root, as containers have it."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="codemem-mount-", dir="/"))
    except OSError:
        pytest.skip("needs the right to write to /")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    yield folder
    shutil.rmtree(folder)


def test_a_mount_point_is_named_by_its_remote(store: Store, mount: Path) -> None:
    """The name of a folder like `/workspace` says nothing; without a remote it must do."""
    assert label(mount) == mount.name
    command = ["git", "-C", str(mount), "remote", "add", "origin", "git@github.com:acme/shop"]
    subprocess.run(command, check=True)

    assert claimed(store, mount) == "shop"


def test_a_mount_point_that_has_memories_keeps_its_name(store: Store, mount: Path) -> None:
    """They would be lost under another one."""
    store.write(lambda db: work(db, mount.name, str(mount)))
    command = ["git", "-C", str(mount), "remote", "add", "origin", "git@github.com:acme/shop"]
    subprocess.run(command, check=True)

    assert claimed(store, mount) == mount.name
    assert asked(store, mount) == mount.name


def test_a_link_leads_to_the_same_project(store: Store, tmp_path: Path) -> None:
    """Nor is a split folder another one when it is reached by a link."""
    app = repository(tmp_path / "a" / "app")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert claimed(store, app) == "app"
    assert claimed(store, tmp_path / "b" / "app") == "app"
    (app / "web").mkdir()
    move = Move(old="app", new="web", under=str(tmp_path / "b" / "app" / "web"))
    store.write(lambda db: moves.carry_out(db, move, now_ms=5))

    assert asked(store, app / "web") == "web"


def test_a_renamed_owner_keeps_the_project(store: Store, tmp_path: Path) -> None:
    """The folder is the same and so is the name of the remote."""
    app = repository(tmp_path / "x" / "app", "git@github.com:acme/app.git")
    assert claimed(store, app) == "app"
    command = ["git", "-C", str(app), "remote", "set-url", "origin", "git@github.com:corp/app"]
    subprocess.run(command, check=True)

    assert claimed(store, app) == "app"


def test_a_moved_repository_keeps_its_project(store: Store, tmp_path: Path) -> None:
    """Nothing is left where it was, so it is not another one."""
    app = repository(tmp_path / "old" / "app")
    assert claimed(store, app) == "app"
    (tmp_path / "new").mkdir()
    app.rename(tmp_path / "new" / "app")

    assert claimed(store, tmp_path / "new" / "app") == "app"


def test_who_used_a_name_before_keeps_it_with_its_memories(store: Store, tmp_path: Path) -> None:
    """Two repositories that shared a label until now go on sharing it."""
    ours = repository(tmp_path / "a" / "api", "git@github.com:acme/api.git")
    theirs = repository(tmp_path / "b" / "api", "git@github.com:globex/api.git")
    for folder in (ours, theirs):
        store.write(
            lambda db, cwd=str(folder): sessions.by_hand(db, project="api", cwd=cwd, now_ms=1)
        )

    assert claimed(store, ours) == "api"
    assert claimed(store, theirs) == "api"


def test_worktrees_share_the_project_of_their_repository(store: Store, tmp_path: Path) -> None:
    """And so do their subfolders."""
    app = repository(tmp_path / "app")
    command = ["git", "-C", str(app), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*command, "commit", "-qm", "x", "--allow-empty"], check=True)
    subprocess.run([*command, "worktree", "add", "-q", str(tmp_path / "fix")], check=True)
    (tmp_path / "fix" / "docs").mkdir()

    assert claimed(store, tmp_path / "fix" / "docs") == "app"
    assert claimed(store, app) == "app"


def test_an_event_gets_the_settled_project(
    store: Store, tmp_path: Path, make_event: EventMaker
) -> None:
    """Also when a later one of its stream does not say where it happened."""
    claimed(store, repository(tmp_path / "a" / "api", "git@github.com:acme/api.git"))
    theirs = str(repository(tmp_path / "b" / "api", "git@github.com:globex/api.git"))
    for cwd in (theirs, None):
        event = replace(make_event(), project="api", cwd=cwd)
        store.write(lambda db, given=event: events.append(db, [given], now_ms=1))

    with store.read() as db:
        assert rows(db, "SELECT project FROM streams") == [("api@globex",)]


def test_a_stream_goes_along_with_its_project_and_stays_where_it_began(
    store: Store, tmp_path: Path, make_event: EventMaker
) -> None:
    """Events that come after a rename are in the new project; a `cd` elsewhere changes nothing."""

    def project_after_an_event_in(folder: Path) -> str:
        event = replace(make_event(), project=label(folder), cwd=str(folder))
        store.write(lambda db: events.append(db, [event], now_ms=1))
        with store.read() as db:
            return str(db.execute("SELECT project FROM streams").get)

    app, web = repository(tmp_path / "app"), repository(tmp_path / "web")
    first = project_after_an_event_in(app)
    store.write(lambda db: moves.carry_out(db, Move(old="app", new="shop"), now_ms=5))

    assert [first, project_after_an_event_in(app), project_after_an_event_in(web)] == [
        *("app", "shop", "shop")
    ]


def test_a_name_that_a_person_gave_is_kept(store: Store, tmp_path: Path) -> None:
    """`CODEMEM_PROJECT` has the highest precedence: folders do not matter then."""
    app = repository(tmp_path / "app")
    claimed(store, app)
    with store.read() as db:
        assert projects.settled(db, "mine", str(app)) == "mine"


def work(db: apsw.Connection, project: str, cwd: str) -> None:
    """Leave a session and a memory."""
    session = sessions.by_hand(db, project=project, cwd=cwd, now_ms=1)
    db.execute(
        "INSERT INTO memories (key, session_id, kind, title, body, origin, project, created_ms,"
        " updated_ms) VALUES (hex(randomblob(8)), ?, 'note', 'a', 'b', 'user', ?, 1, 1)",
        (session, project),
    )


def projects_of(store: Store) -> dict[str, tuple[int, int]]:
    """Return memories and sessions by project."""
    with store.read() as db:
        return {item.name: (item.memories, item.sessions) for item in moves.listed(db)}


def test_a_move_takes_everything_along_and_holds_later(store: Store, tmp_path: Path) -> None:
    """Memories, sessions, and what is called so from now on."""
    app = repository(tmp_path / "app")
    claimed(store, app)
    store.write(lambda db: work(db, "app", str(app)))
    store.write(lambda db: moves.carry_out(db, Move(old="app", new="shop"), now_ms=5))

    assert projects_of(store) == {"shop": (1, 1)}
    assert asked(store, app) == "shop"
    with store.read() as db:
        assert projects.settled(db, "app", None) == "shop"


def test_moving_there_and_back_leaves_no_rule(store: Store) -> None:
    """A name does not lead away from itself."""
    store.write(lambda db: work(db, "app", "/x"))
    for old, new in (("app", "shop"), ("shop", "app")):
        store.write(lambda db, a=old, b=new: moves.carry_out(db, Move(old=a, new=b), now_ms=5))

    with store.read() as db:
        assert projects.settled(db, "app", None) == "app"
        assert projects.settled(db, "shop", None) == "app"


def test_a_split_takes_one_folder_out(store: Store, tmp_path: Path) -> None:
    """What was done below it, now and later; the rest stays."""
    app = repository(tmp_path / "app")
    for name in ("web/src", "webshop"):
        (app / name).mkdir(parents=True)
        store.write(lambda db, cwd=str(app / name): work(db, "app", cwd))
    moved = store.write(
        lambda db: moves.carry_out(
            db, Move(old="app", new="app-web", under=str(app / "web")), now_ms=5
        )
    )

    assert (moved["memories"], moved["sessions"]) == (1, 1)
    assert projects_of(store) == {"app": (1, 1), "app-web": (1, 1)}
    assert asked(store, app / "web" / "src") == "app-web"
    assert asked(store, app / "webshop") == "app"


def test_work_in_a_split_folder_does_not_take_the_repository_along(
    store: Store, tmp_path: Path
) -> None:
    """The rest of the repository keeps its name, also when it is seen later."""
    app = repository(tmp_path / "app", "git@github.com:acme/app.git")
    (app / "web").mkdir()
    split = Move(old="app", new="app-web", under=str(app / "web"))
    store.write(lambda db: moves.carry_out(db, split, now_ms=5))

    assert claimed(store, app / "web") == "app-web"
    assert claimed(store, app) == "app"


def test_a_name_that_was_given_up_can_be_another_repository_s(store: Store, tmp_path: Path) -> None:
    """It is not put to the one that was renamed."""
    ours = repository(tmp_path / "a" / "api", "git@github.com:acme/api.git")
    theirs = repository(tmp_path / "b" / "api", "git@github.com:globex/api.git")
    assert claimed(store, ours) == "api"
    store.write(lambda db: moves.carry_out(db, Move(old="api", new="shop"), now_ms=5))

    assert claimed(store, ours) == "shop"
    assert claimed(store, theirs) == "api"


def test_labels_that_are_paths_are_found(store: Store) -> None:
    """A path becomes its last part, git's error text the name of the folder."""
    for project, cwd in (("/srv/app", "/srv/app"), ("fatal: not a git", "/x/blog"), ("ok", "/ok")):
        store.write(lambda db, p=project, c=cwd: work(db, p, c))

    with store.read() as db:
        assert moves.path_like(db) == {"/srv/app": "app", "fatal: not a git": "blog"}
