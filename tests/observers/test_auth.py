"""The places of a credential, and that none of them can hold up or hurt the worker."""

import json
import os
import sys
from pathlib import Path

import pytest

from codemem_core.config.settings import Settings
from codemem_core.records.protocols import AuthRequest, Credential
from codemem_observers.auth.auto import Auto
from codemem_observers.auth.command import Command
from codemem_observers.auth.env import Env
from codemem_observers.auth.file import File
from codemem_observers.auth.login import Login
from codemem_observers.auth.none import NoToken
from codemem_observers.settings import SETTINGS
from tests.observers.agents import ends

OPENAI = AuthRequest(provider="openai")
ANTHROPIC = AuthRequest(provider="anthropic")
CUSTOM = AuthRequest(provider="my-gateway")


def load(**environ: str) -> Settings:
    """Load settings from this environment alone, with a PATH for commands."""
    return Settings.load({"PATH": os.environ["PATH"], **environ}, extra=SETTINGS)


def command(script: str, *, timeout_ms: int = 5_000) -> Settings:
    """Load settings whose auth command is this Python script."""
    settings = load(CODEMEM_OBSERVER_AUTH_TIMEOUT_MS=str(timeout_ms))
    return with_argv(settings, [sys.executable, "-c", script])


def with_argv(settings: Settings, argv: list[str]) -> Settings:
    """Return the same settings with an auth command."""
    return Settings.load(
        {**settings.environ, "CODEMEM_OBSERVER_AUTH_COMMAND": json.dumps(argv)}, extra=SETTINGS
    )


@pytest.mark.parametrize(
    ("request_", "environ", "token"),
    [
        (OPENAI, {"OPENCODE_API_KEY": "a", "OPENAI_API_KEY": "b", "CODEX_API_KEY": "c"}, "a"),
        (OPENAI, {"OPENAI_API_KEY": "b", "CODEX_API_KEY": "c"}, "b"),
        (OPENAI, {"OPENAI_API_KEY": " ", "CODEX_API_KEY": " c\n"}, "c"),
        (ANTHROPIC, {"ANTHROPIC_API_KEY": "d", "OPENAI_API_KEY": "b"}, "d"),
        (CUSTOM, {"CODEMEM_OBSERVER_API_KEY": "e"}, "e"),
    ],
)
def test_env_reads_the_providers_own_variables(
    request_: AuthRequest, environ: dict[str, str], token: str
) -> None:
    """In the documented order; blank ones do not count."""
    assert Env(load(**environ)).resolve(request_) == Credential(token, source="env")


def test_a_custom_provider_never_gets_a_vendors_key() -> None:
    """Keys of known vendors stay with those vendors."""
    vendors = ("OPENCODE_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY", "ANTHROPIC_API_KEY")

    assert Env(load(**dict.fromkeys(vendors, "x"))).resolve(CUSTOM) is None


@pytest.mark.parametrize("path", ["~/token", "$HOME/token", "${PLACE}/token", "~/$NAME"])
def test_file_is_read_whole_and_trimmed(home: Path, path: str) -> None:
    """`~` and variables in the path are expanded, from the environment of the settings."""
    (home / "token").write_text("  abc\n")
    environ = {"HOME": str(home), "PLACE": str(home), "NAME": "token"}

    found = File(load(**environ, CODEMEM_OBSERVER_AUTH_FILE=path)).resolve(OPENAI)

    assert found == Credential("abc", source="file")


def test_a_relative_path_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be another file in every repository, one of them hostile."""
    (tmp_path / "token").write_text("theirs")
    monkeypatch.chdir(tmp_path)

    assert File(load(CODEMEM_OBSERVER_AUTH_FILE="token")).resolve(OPENAI) is None


@pytest.mark.parametrize("kind", ["missing", "empty", "folder", "pipe", "binary", "large"])
def test_a_file_that_holds_no_token_is_no_credential(tmp_path: Path, kind: str) -> None:
    """Neither a folder nor a named pipe nor a log file stops the worker."""
    path = tmp_path / "token"
    {
        "missing": lambda: None,
        "empty": path.touch,
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "binary": lambda: path.write_bytes(b"\xff\xfe"),
        "large": lambda: path.write_text("x" * 70_000),
    }[kind]()

    assert File(load(CODEMEM_OBSERVER_AUTH_FILE=str(path))).resolve(OPENAI) is None


def test_command_prints_the_token(home: Path) -> None:
    """Its arguments reach it as they are: no shell reads them; it runs in the home folder."""
    script = "import os, sys; print(sys.argv[1], os.path.basename(os.getcwd()), sys.stdin.read())"
    settings = with_argv(load(), [sys.executable, "-c", script, "$HOME; *"])

    assert Command(settings).resolve(OPENAI) == Credential("$HOME; * home", source="command")


def test_a_shell_line_is_no_command() -> None:
    """The variable holds a JSON array; what it must look like is said, the line is not repeated."""
    settings = load(CODEMEM_OBSERVER_AUTH_COMMAND="iap-auth --secret of-mine")

    (problem,) = settings.problems
    assert problem.startswith("`CODEMEM_OBSERVER_AUTH_COMMAND` is not a JSON array of strings")
    assert "of-mine" not in problem
    assert settings.argv("observer_auth_command") == []


@pytest.mark.parametrize(
    "script",
    [
        "print('token'); raise SystemExit(3)",
        "pass",
        "print('  ')",
        "print('x' * 70_000)",
        "print('token', flush=True); import time; time.sleep(60)",
        "import os, time; os.close(1); time.sleep(60)",
    ],
    ids=["fails", "silent", "blank", "endless", "slow", "closes-and-stays"],
)
def test_a_command_that_breaks_a_limit_gives_nothing(script: str) -> None:
    """Failure, silence, too much output and too much time are all no credential."""
    assert Command(command(script, timeout_ms=1_000)).resolve(OPENAI) is None


@pytest.mark.parametrize("argv", [[], ["/nonexistent/tool"], ["a\x00b"]])
def test_a_command_that_cannot_start_gives_nothing(argv: list[str]) -> None:
    """A tool that is not installed is no credential, not a crash."""
    assert Command(with_argv(load(), argv)).resolve(OPENAI) is None


@pytest.mark.parametrize(("ending", "found"), [("", True), ("import time; time.sleep(60)", False)])
def test_no_child_of_the_command_survives(tmp_path: Path, ending: str, found: bool) -> None:
    """A helper left in the background goes with its group, in time or at the limit."""
    pid_file = tmp_path / "pid"
    script = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        f"print('token', flush=True)\n{ending}\n"
    )

    credential = Command(command(script, timeout_ms=3_000)).resolve(OPENAI)

    assert (credential is not None) == found
    assert ends(int(pid_file.read_text()))


def test_a_command_gets_no_prompt_and_no_file() -> None:
    """Only what the user wrote: nothing of ours is on its input."""
    settings = command("import sys; print(repr(sys.stdin.read()))")

    assert Command(settings).resolve(OPENAI) == Credential("''", source="command")


def test_none_finds_nothing() -> None:
    """It is the way to say that a server wants no token."""
    assert NoToken(load(OPENAI_API_KEY="b")).resolve(OPENAI) is None


def log_in(home: Path, provider: str = "openai", **entry: object) -> None:
    """Store a login as OpenCode does."""
    folder = home / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    stored = {"type": "oauth", "access": "from-login", "refresh": "r", "expires": 2_000, **entry}
    (folder / "auth.json").write_text(json.dumps({provider: stored}))


@pytest.mark.parametrize(
    ("entry", "now_s", "found"),
    [
        ({"accountId": "acct-1"}, 1.999, True),
        ({}, 2.0, False),
        ({"expires": None}, 9e9, True),
        ({"type": "api", "key": "k"}, 0.0, False),
        ({"access": ""}, 0.0, False),
        ({"access": 7}, 0.0, False),
    ],
)
def test_a_login_counts_while_it_lasts(
    home: Path, entry: dict[str, object], now_s: float, found: bool
) -> None:
    """The limit itself is outside; OpenCode renews it, not we."""
    log_in(home, **entry)

    credential = Login(load(HOME=str(home)), clock=lambda: now_s).resolve(OPENAI)

    account = str(entry.get("accountId", ""))
    expected = Credential("from-login", source="oauth", account=account) if found else None
    assert credential == expected


@pytest.mark.parametrize("provider", ["my-gateway", "custom"])
def test_a_login_never_goes_to_a_custom_provider(home: Path, provider: str) -> None:
    """Not even when OpenCode holds one under that name."""
    log_in(home, provider, expires=9e15)

    assert Login(load(HOME=str(home))).resolve(AuthRequest(provider=provider)) is None


def test_auto_asks_in_the_documented_order(tmp_path: Path, home: Path) -> None:
    """The explicit key, environment, login, file, command: the first that has one."""
    (tmp_path / "token").write_text("from-file")
    log_in(home, expires=9e15)
    environ = with_argv(load(), [sys.executable, "-c", "print('from-command')"]).environ
    places = [
        {"CODEMEM_OBSERVER_API_KEY": "explicit"},
        {"OPENAI_API_KEY": "from-env"},
        {"HOME": str(home)},
        {"CODEMEM_OBSERVER_AUTH_FILE": str(tmp_path / "token")},
        dict(environ),
    ]

    found = []
    while places:
        environ = {k: v for place in places for k, v in place.items()}
        settings = Settings.load({"HOME": "/nowhere", **environ}, extra=SETTINGS)
        credential = Auto(settings).resolve(OPENAI)
        found.append(credential.source if credential else None)
        places.pop(0)

    assert found == ["explicit", "env", "oauth", "file", "command"]


def test_a_credential_does_not_show_its_token() -> None:
    """Neither text nor repr of a credential holds it."""
    found = Env(load(OPENAI_API_KEY="sk-canary-7f3a")).resolve(OPENAI)

    assert "canary" not in f"{found} {found!r}"
