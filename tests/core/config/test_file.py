"""The config file is changed key by key, checked, and replaced as a whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from codemem_cli.commands.config import config
from codemem_core.commands.host import Host
from codemem_core.config import file
from codemem_core.config.settings import Settings
from codemem_core.errors import SettingsError


@pytest.fixture
def path(home: Path) -> Path:
    """Return where the config file lies."""
    return home / ".config" / "codemem" / "config.json"


def test_a_change_keeps_the_other_keys_and_comments(path: Path) -> None:
    """Keys we do not know belong to somebody else, and every character to who wrote it."""
    path.parent.mkdir(parents=True)
    path.write_text('{"inject_limit": 3, "theirs": [1], /* note */ "observer_model": "m"}')
    settings = Settings.load()

    file.change(settings, {"inject_limit": "5", "observer_model": None})

    assert path.read_text() == '{"inject_limit": 5, "theirs": [1] /* note */ }\n'
    assert settings.number("inject_limit") == 5
    assert settings.where("observer_model") == "default"


def test_a_new_file_is_private(path: Path) -> None:
    """It may hold a key."""
    file.change(Settings.load(), {"inject_limit": 5})

    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["config.json"]


@pytest.mark.parametrize("values", [{"inject_limit": "many"}, {"no_such_key": 1}])
def test_nothing_is_written_when_one_value_is_wrong(path: Path, values: dict[str, object]) -> None:
    """All values are checked before the file is touched."""
    with pytest.raises(SettingsError, match="`"):
        file.change(Settings.load(), {"inject_token_budget": 9, **values})

    assert not path.exists()


def test_a_file_that_cannot_be_read_is_not_replaced(path: Path) -> None:
    """What a person wrote by hand is not lost to a slip of theirs."""
    path.parent.mkdir(parents=True)
    path.write_text("{oops")

    with pytest.raises(SettingsError, match="could not be read"):
        file.change(Settings.load(), {"inject_limit": 5})

    assert path.read_text() == "{oops"


def test_the_command_sets_lists_and_unsets(path: Path) -> None:
    """The line the viewer prints works."""
    runner = CliRunner()

    done = runner.invoke(config, ["set", "observer_headers", '{"X-Key": "k"}'], obj=Host())
    listed = runner.invoke(config, [], obj=Host())
    runner.invoke(config, ["unset", "observer_headers"], obj=Host())

    assert done.output.strip() == f"observer_headers is set in {path}"
    assert listed.output.splitlines()[0] == "observer_headers = (secret)  (file)"
    assert json.loads(path.read_text()) == {}


def test_get_prints_the_value_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's wins, and JSON says where it comes from."""
    monkeypatch.setenv("CODEMEM_INJECT_LIMIT", "7")
    runner = CliRunner()

    plain = runner.invoke(config, ["get", "inject_limit"], obj=Host())
    told = runner.invoke(config, ["get", "inject_limit", "--json"], obj=Host())

    assert plain.output == "7\n"
    assert json.loads(told.output)["where"] == "environment"


def test_edit_keeps_nothing_that_cannot_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in the editor leaves the file as it was; the path is where the editor's text goes."""
    monkeypatch.setattr("codemem_cli.commands.config.require_terminal", lambda _: None)
    runner = CliRunner()
    runner.invoke(config, ["set", "inject_limit", "5"], obj=Host())
    before = path.read_text()

    monkeypatch.setenv("EDITOR", "sed -i s/5/oops/")
    slip = runner.invoke(config, ["edit"], obj=Host())
    after_slip = path.read_text()
    monkeypatch.setenv("EDITOR", "sed -i s/5/6/")
    done = runner.invoke(config, ["edit"], obj=Host())

    assert isinstance(slip.exception, SettingsError)
    assert after_slip == before
    assert done.output == f"{path} is written\n"
    assert Settings.load().number("inject_limit") == 6
    assert runner.invoke(config, ["path"], obj=Host()).output == f"{path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
