"""Settings: which source wins, and what happens to a value nobody can use."""

import json
import os
from pathlib import Path

import pytest

from codemem_core.config.settings import Setting, Settings, blocked_plugins, sweep_interval_ms
from codemem_core.errors import SettingsError


def with_file(home: Path, content: str, **environ: str) -> Settings:
    """Load settings with a config file in its usual place and this environment."""
    folder = home / ".config" / "codemem"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(content)
    return Settings.load({"HOME": str(home), **environ})


def test_defaults_without_file_and_environment(tmp_path: Path) -> None:
    """A fresh machine has the documented defaults."""
    settings = Settings.load({"HOME": str(tmp_path)})

    assert settings.number("inject_limit") == 8
    assert settings.path("db") == f"{tmp_path}/.codemem/mem.sqlite"
    assert settings.argv("observer_auth_command") == []
    assert settings.where("inject_limit") == "default"
    assert settings.file is None
    assert settings.problems == []


def test_environment_wins_over_file_over_default(tmp_path: Path) -> None:
    """Each source hides the one below it."""
    content = json.dumps({"inject_limit": 3, "inject_token_budget": 500})

    settings = with_file(tmp_path, content, CODEMEM_INJECT_LIMIT="5")

    assert settings.number("inject_limit") == 5
    assert settings.where("inject_limit") == "environment"
    assert settings.number("inject_token_budget") == 500
    assert settings.where("inject_token_budget") == "file"


def test_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    """`CODEMEM_X= command` asks for the next source."""
    settings = with_file(tmp_path, '{"inject_limit": 3}', CODEMEM_INJECT_LIMIT="")

    assert settings.number("inject_limit") == 3


def test_bad_value_is_reported_and_the_next_source_wins(tmp_path: Path) -> None:
    """One mistyped variable neither stops the program nor passes unnoticed."""
    settings = with_file(tmp_path, '{"inject_limit": 3}', CODEMEM_INJECT_LIMIT="many")

    assert settings.number("inject_limit") == 3
    assert settings.problems == ["`CODEMEM_INJECT_LIMIT` is not a whole number: `many`"]


def test_zero_stays_zero(tmp_path: Path) -> None:
    """A falsy value is a value."""
    environ = {"HOME": str(tmp_path), "CODEMEM_OBSERVER_AUTH_CACHE_TTL_S": "0"}

    assert Settings.load(environ).number("observer_auth_cache_ttl_s") == 0


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_words_for_on(word: str) -> None:
    """The four words switch on, in any case."""
    assert Settings.load({"CODEMEM_TRACE_HOOKS": word, "HOME": "/nowhere"}).flag("trace_hooks")


@pytest.mark.parametrize("word", ["0", "false", "Off", "no"])
def test_words_for_off(word: str) -> None:
    """The four words switch off, in any case."""
    assert not Settings.load({"CODEMEM_VIEWER": word, "HOME": "/nowhere"}).flag("viewer_enabled")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", 1),
        ("path", "relative/file"),
        ("path", "~other/file"),
        ("number", "1.5"),
        ("number", True),
        ("number", "9" * 5000),
        ("real", "nan"),
        ("real", "inf"),
        ("real", 10**400),
        ("real", False),
        ("flag", "maybe"),
        ("flag", 2),
        ("argv", "iap-auth --audience example"),
        ("argv", '["a", 1]'),
        ("argv", "[" * 100_000),
        ("mapping", "Authorization: Bearer x"),
        ("mapping", '{"a": 1}'),
        ("names", [1]),
    ],
)
def test_values_no_kind_accepts(kind: str, raw: object) -> None:
    """What does not fit is refused with a sentence, never taken for something else."""
    with pytest.raises(SettingsError):
        Setting("x", "CODEMEM_X", kind=kind).parse(raw)


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("number", " 12 ", 12),
        ("number", -1, -1),
        ("real", "0.5", 0.5),
        ("real", 2, 2.0),
        ("argv", '["iap-auth", "--audience"]', ["iap-auth", "--audience"]),
        ("argv", ["claude"], ["claude"]),
        ("mapping", '{"A": "${auth.token}"}', {"A": "${auth.token}"}),
        ("names", "a, b,,", ["a", "b"]),
        ("names", '["a"]', ["a"]),
        ("path", "~/x", "~/x"),
    ],
)
def test_values_each_kind_accepts(kind: str, raw: object, expected: object) -> None:
    """Text of the environment and JSON of the file mean the same."""
    assert Setting("x", "CODEMEM_X", kind=kind).parse(raw) == expected


def test_number_below_its_least_is_refused() -> None:
    """A port or a time below zero is a mistake, not a wish."""
    with pytest.raises(SettingsError, match="is less than 0: `-1`"):
        Setting("x", "CODEMEM_X", kind="number", least=0).parse("-1")


def test_secrets_are_not_shown_in_problems() -> None:
    """A mistyped header does not put its token on the screen."""
    environ = {"HOME": "/nowhere", "CODEMEM_OBSERVER_HEADERS": "Authorization: Bearer s3cret"}

    (problem,) = Settings.load(environ).problems

    assert problem.startswith("`CODEMEM_OBSERVER_HEADERS` is not a JSON object of strings")
    assert "s3cret" not in problem


def test_file_may_have_comments_and_trailing_commas(tmp_path: Path) -> None:
    """JSONC is read whatever the file is called."""
    settings = with_file(tmp_path, '{\n  // eight is too many\n  "inject_limit": 3,\n}')

    assert settings.number("inject_limit") == 3


def test_jsonc_file_is_read_when_there_is_no_json_file(tmp_path: Path) -> None:
    """`config.jsonc` stands behind `config.json`."""
    folder = tmp_path / ".config" / "codemem"
    folder.mkdir(parents=True)
    (folder / "config.jsonc").write_text('{"inject_limit": 4 /* four */}')

    assert Settings.load({"HOME": str(tmp_path)}).number("inject_limit") == 4


def test_named_file_wins_over_the_usual_one(tmp_path: Path) -> None:
    """An explicit path comes before `CODEMEM_CONFIG`, and that before the home folder."""
    named, explicit = tmp_path / "named.json", tmp_path / "explicit.json"
    named.write_text('{"inject_limit": 4}')
    explicit.write_text('{"inject_limit": 5}')
    environ = {"HOME": str(tmp_path), "CODEMEM_CONFIG": str(named)}

    assert Settings.load(environ).number("inject_limit") == 4
    assert Settings.load(environ, path=str(explicit)).number("inject_limit") == 5


def test_config_file_of_the_current_folder_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository cannot bring its own settings, even when the variable has no folder."""
    (tmp_path / "config.json").write_text('{"inject_limit": 1}')
    monkeypatch.chdir(tmp_path)

    settings = Settings.load({"HOME": "/nowhere", "CODEMEM_CONFIG": "config.json"})

    assert settings.number("inject_limit") == 8
    assert "not an absolute path" in settings.problems[0]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": }', "\x00", "[" * 100_000])
def test_file_that_cannot_be_read_is_reported(tmp_path: Path, content: str) -> None:
    """A broken file leaves environment and defaults at work."""
    settings = with_file(tmp_path, content, CODEMEM_INJECT_LIMIT="5")

    assert settings.number("inject_limit") == 5
    assert len(settings.problems) == 1
    assert settings.problems[0].startswith("config file ")


def test_file_others_can_write_is_not_used(tmp_path: Path) -> None:
    """The file names commands to run: whoever writes it runs them."""
    path = tmp_path / "config.json"
    path.write_text('{"inject_limit": 1}')
    path.chmod(0o666)

    settings = Settings.load({"HOME": str(tmp_path)}, path=str(path))

    assert settings.number("inject_limit") == 8
    assert "other users can write it" in settings.problems[0]


def test_pipe_in_place_of_the_file_does_not_block(tmp_path: Path) -> None:
    """Nobody waits for a writer that never comes."""
    path = tmp_path / "config.json"
    os.mkfifo(path)

    assert "not a regular file" in Settings.load({}, path=str(path)).problems[0]


def test_plugin_settings_read_the_same_sources(tmp_path: Path) -> None:
    """A setting that a plugin adds later comes from the same file and environment."""
    settings = with_file(tmp_path, '{"city": "Ulm"}', KEYRING_SERVICE="k")

    settings.add([Setting("city", "CITY"), Setting("service", "KEYRING_SERVICE")])

    assert settings.text("city") == "Ulm"
    assert settings.text("service") == "k"


def test_two_settings_of_one_name_are_refused() -> None:
    """A plugin cannot change what a setting of the core means."""
    with pytest.raises(SettingsError, match="two settings have one name: `db`"):
        Settings.load({"HOME": "/nowhere"}, extra=[Setting("db", "OTHER_DB")])


def test_setting_is_asked_for_by_name_and_kind() -> None:
    """A wrong name or kind is our mistake and says so."""
    settings = Settings.load({"HOME": "/nowhere"})

    with pytest.raises(SettingsError, match="no such setting: `nope`"):
        settings.text("nope")
    with pytest.raises(SettingsError, match="is a number, not a text"):
        settings.text("inject_limit")


def test_both_variables_switch_plugins_off() -> None:
    """The two spellings add up."""
    environ = {"CODEMEM_DISABLED_PLUGINS": "a,b", "CODEMEM_PLUGINS_DISABLE": '["c"]'}

    assert blocked_plugins(Settings.load({"HOME": "/nowhere", **environ})) == {"a", "b", "c"}


def test_sweep_interval_takes_milliseconds_before_seconds() -> None:
    """The seconds count when only they are set."""
    seconds = {"HOME": "/nowhere", "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_S": "5"}
    both = {**seconds, "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_MS": "700"}

    assert sweep_interval_ms(Settings.load({"HOME": "/nowhere"})) == 30_000
    assert sweep_interval_ms(Settings.load(seconds)) == 5_000
    assert sweep_interval_ms(Settings.load(both)) == 700
