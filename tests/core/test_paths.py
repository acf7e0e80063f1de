"""Paths: where files are, and who may touch them."""

import os
import stat
from pathlib import Path

import pytest

from codemem_core import paths
from codemem_core.config.settings import Settings
from codemem_core.errors import SettingsError, StoreError


def test_database_of_option_environment_and_default(tmp_path: Path) -> None:
    """`--db-path` comes before `CODEMEM_DB`, and that before the home folder."""
    plain = Settings.load({"HOME": str(tmp_path)})
    named = Settings.load({"HOME": str(tmp_path), "CODEMEM_DB": "/data/x.sqlite"})

    assert paths.database_path(plain) == f"{tmp_path}/.codemem/mem.sqlite"
    assert paths.database_path(named) == "/data/x.sqlite"
    assert paths.database_path(named, "/data/y.sqlite") == "/data/y.sqlite"


def test_option_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person types counts from where they stand."""
    monkeypatch.chdir(tmp_path)

    assert paths.database_path(Settings.load({}), "x.sqlite") == f"{tmp_path}/x.sqlite"


def test_unusable_variable_never_means_the_everyday_database() -> None:
    """A mistyped `CODEMEM_DB` is an error: the events belong elsewhere."""
    settings = Settings.load({"HOME": "/nowhere", "CODEMEM_DB": "x.sqlite"})

    with pytest.raises(SettingsError, match="`CODEMEM_DB` is not an absolute path"):
        paths.database_path(settings)


def test_socket_lies_beside_the_database() -> None:
    """One database, one socket, in a folder of its own."""
    assert (
        paths.socket_path("/home/a/.codemem/mem.sqlite") == "/home/a/.codemem/run/mem.sqlite.sock"
    )


def test_long_socket_path_moves_to_a_short_one() -> None:
    """An address longer than the system takes is replaced by one made from it."""
    deep = "/home/" + "x" * 100 + "/mem.sqlite"

    path = paths.socket_path(deep)

    assert len(path) < 50
    assert path.startswith(f"/tmp/codemem-{os.geteuid()}/")
    assert path != paths.socket_path(deep + "2")


@pytest.mark.parametrize("word", ["", "0", "false", "1", "yes", "relative.log"])
def test_log_is_in_the_home_folder_unless_named(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On, off and nonsense all mean the usual file."""
    monkeypatch.setenv("HOME", str(tmp_path))

    assert paths.log_path(Settings.load({"CODEMEM_PLUGIN_LOG": word})).endswith(
        "/.codemem/plugin.log"
    )


def test_log_path_wins() -> None:
    """The explicit path comes first."""
    environ = {"CODEMEM_PLUGIN_LOG": "/a.log", "CODEMEM_PLUGIN_LOG_PATH": "/b.log"}

    assert paths.log_path(Settings.load(environ)) == "/b.log"
    assert paths.log_path(Settings.load({"CODEMEM_PLUGIN_LOG": "/a.log"})) == "/a.log"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_and_files_are_private_under_any_umask(umask: int, tmp_path: Path) -> None:
    """Nobody else reads them, however the user's shell is set up."""
    folder = tmp_path / "a" / "b"
    before = os.umask(umask)
    try:
        paths.make_private_folder(str(folder))
        os.close(paths.open_private(str(folder / "token")))
    finally:
        os.umask(before)

    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / "token")
    ]
    assert modes == [0o700, 0o700, 0o600]


def test_link_in_place_of_a_private_file_is_not_followed(tmp_path: Path) -> None:
    """A link somebody put there does not decide where a token is written."""
    (tmp_path / "token").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        paths.open_private(str(tmp_path / "token"))


def test_run_folder_others_can_write_is_refused(tmp_path: Path) -> None:
    """Who can write there can put a socket of their own."""
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o770)

    with pytest.raises(StoreError, match="other users can write"):
        paths.run_folder(str(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_run_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who owns the folder can replace what is in it."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)

    with pytest.raises(StoreError, match="belongs to another user"):
        paths.run_folder(str(folder))


def test_link_in_place_of_the_run_folder_is_refused(tmp_path: Path) -> None:
    """A link may lead anywhere tomorrow."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to(tmp_path / "real")

    with pytest.raises(StoreError, match="not a folder"):
        paths.run_folder(str(tmp_path / "run"))
