"""The Claude command line as an observer: its switches, its model, its errors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import (
    AuthError,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
)
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.claude_sidecar import ClaudeSidecar
from codemem_observers.settings import SETTINGS
from tests.observers.agents import Agent, make_agent
from tests.observers.test_agent_sandbox import RESULT

NO_MODEL = {**RESULT, "is_error": True, "api_error_status": 404, "result": "There's an issue"}


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    """Install a `claude` that answers."""
    made = make_agent(tmp_path / "bin", "claude")
    made.says(RESULT)
    return made


def sidecar(agent: Agent, **environ: str) -> ClaudeSidecar:
    """Make the runtime with the program on its path."""
    path = f"{agent.path.parent}:{os.environ['PATH']}"
    return ClaudeSidecar(
        Settings.load({"PATH": path, "HOME": str(Path.home()), **environ}, extra=SETTINGS)
    )


def request(model: str | None = "claude-4.5-haiku", *, prompt: str = "P") -> ObserveRequest:
    """Ask for a model."""
    evidence = Evidence(source="claude", stream_id="s1")
    return ObserveRequest(evidence=evidence, instructions="RULES", prompt=prompt, model=model)


def option(run: dict[str, Any], name: str) -> str | None:
    """Return the value of an option, None when it is not there."""
    argv = run["argv"]
    return argv[argv.index(name) + 1] if name in argv else None


def test_it_has_no_tools_settings_servers_or_memory(agent: Agent) -> None:
    """Every switch that was measured to matter; permissions are never bypassed."""
    sidecar(agent).observe(request())

    (run,) = agent.runs
    assert option(run, "--tools") == ""
    assert option(run, "--setting-sources") == ""
    assert option(run, "--system-prompt") == "RULES"
    assert {
        *("-p", "--strict-mcp-config", "--no-session-persistence", "--disable-slash-commands"),
    } <= set(run["argv"])
    assert not any("ermission" in argument for argument in run["argv"])


@pytest.mark.parametrize("prompt", ["/clear", "\n /cost", "!rm -rf .", "# remember this"])
def test_a_prompt_is_no_command(agent: Agent, prompt: str) -> None:
    """The command line would obey it by itself, without asking any model."""
    sidecar(agent).observe(request(prompt=prompt))

    assert agent.runs[0]["stdin"] == f"The recording:\n\n{prompt}"


@pytest.mark.parametrize(
    ("model", "fallback"), [("claude-4.5-haiku", "haiku"), ("claude-opus-4-5", None)]
)
def test_the_model_is_passed_on(agent: Agent, model: str, fallback: str | None) -> None:
    """Only for the default there is another name: not every release knows the documented one."""
    sidecar(agent).observe(request(model))

    (run,) = agent.runs
    assert option(run, "--model") == model
    assert option(run, "--fallback-model") == fallback


def test_a_refused_model_is_left_out_once_and_then_always(agent: Agent) -> None:
    """One retry without `--model`; the next batch does not ask in vain again."""
    refused, answered = json.dumps(NO_MODEL), json.dumps(RESULT)
    agent.does(f"print({refused!r} if '--model' in sys.argv else {answered!r})")
    runtime = sidecar(agent)

    replies = [runtime.observe(request("gpt-5")).text for _ in range(2)]

    assert replies == ["TEXT", "TEXT"]
    assert [option(run, "--model") for run in agent.runs] == ["gpt-5", None, None]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "whatever"),
        (400, "API Error: 400 Invalid model name passed in model=gpt-5. Call /v1/models"),
        (400, "API Error: 400 The provided model identifier is invalid."),
        (400, "API Error: 400 gpt-5 is not a valid model ID: model not found"),
        (403, "API Error: 403 key not allowed to access model"),
        (422, "API Error: 422 unsupported model"),
    ],
)
def test_gateways_refuse_a_model_in_words_of_their_own(
    agent: Agent, status: int, words: str
) -> None:
    """Each is asked once more without a name."""
    refused = {**NO_MODEL, "api_error_status": status, "result": words}
    said, answered = json.dumps(refused), json.dumps(RESULT)
    agent.does(f"print({said!r} if '--model' in sys.argv else {answered!r})")

    assert sidecar(agent).observe(request("gpt-5")).text == "TEXT"


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (400, "API Error: 400 prompt is too long for this model", PermanentError),
        (403, "API Error: 403 your plan has ended", AuthError),
        (401, "API Error: 401 invalid key for the model", AuthError),
        (500, "API Error: 500 model not found", TransientError),
    ],
)
def test_other_refusals_do_not_blame_the_model(
    agent: Agent, status: int, words: str, error: type[ObserverError]
) -> None:
    """Another model would be refused as well."""
    agent.says({**NO_MODEL, "api_error_status": status, "result": words}, code=1)

    with pytest.raises(error):
        sidecar(agent).observe(request("gpt-5"))

    assert len(agent.runs) == 1


def test_a_model_refused_twice_is_an_error(agent: Agent) -> None:
    """There is no third run."""
    agent.says(NO_MODEL, code=1)

    with pytest.raises(Misconfigured, match="404"):
        sidecar(agent).observe(request())

    assert len(agent.runs) == 2


def test_another_error_is_not_asked_again(agent: Agent) -> None:
    """The queue decides when."""
    agent.says({**NO_MODEL, "api_error_status": 401}, code=1)

    with pytest.raises(AuthError):
        sidecar(agent).observe(request())

    assert len(agent.runs) == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Not logged in · Please run /login", AuthError),
        ("Invalid API key · Fix external API key", AuthError),
        ("Claude usage limit reached. Your limit will reset at 3pm", RateLimited),
        ("There's an issue with the selected model (x). It may not exist", Misconfigured),
        ("Credit balance is too low", RateLimited),
    ],
)
def test_words_decide_where_no_status_is_given(
    agent: Agent, words: str, error: type[ObserverError]
) -> None:
    """Some failures never reach the API; older releases print them bare."""
    agent.does(f"print({words!r}); raise SystemExit(1)")

    with pytest.raises(error):
        sidecar(agent).observe(request(None))


def test_the_command_is_a_prefix(agent: Agent) -> None:
    """A wrapper with arguments of its own works, without a shell."""
    command = json.dumps([sys.executable, str(agent.path), "--profile", "a b; $HOME"])

    sidecar(agent, CODEMEM_CLAUDE_COMMAND=command).observe(request())

    assert agent.runs[0]["argv"][:3] == ["--profile", "a b; $HOME", "-p"]


@pytest.mark.parametrize("lines", [["Warning: old", RESULT], [[{"type": "system"}, RESULT]]])
def test_the_result_is_found_among_other_output(agent: Agent, lines: list[Any]) -> None:
    """A warning before it, or the verbose form."""
    agent.says(*lines)

    assert sidecar(agent).observe(request()).text == "TEXT"


def test_a_clouds_variables_come_with_its_switch(agent: Agent) -> None:
    """Who runs Claude at a cloud needs its credentials there; nobody else does."""
    aws = {"AWS_PROFILE": "work", "AWS_REGION": "eu-central-1"}

    sidecar(agent, **aws).observe(request())
    sidecar(agent, **aws, CLAUDE_CODE_USE_BEDROCK="1").observe(request())

    assert [run["env"].get("AWS_PROFILE") for run in agent.runs] == [None, "work"]


def test_a_login_of_the_users_settings_counts(agent: Agent, home: Path) -> None:
    """What fetches their key, and its variables; hooks and permissions of theirs do not come in."""
    folder = home / ".claude"
    folder.mkdir()
    variables = {"ANTHROPIC_BASE_URL": "https://gw.example", "GITHUB_TOKEN": "x", "N": 1}
    settings = {"apiKeyHelper": "/opt/key --of me", "env": variables, "hooks": {"Stop": []}}
    (folder / "settings.json").write_text(json.dumps(settings))
    said = json.dumps(RESULT)
    agent.does(
        "place = sys.argv[sys.argv.index('--settings') + 1]\n"
        f"open(os.path.join(folder, 'login'), 'w').write(open(place).read())\nprint({said!r})"
    )

    sidecar(agent).observe(request())

    (run,) = agent.runs
    assert json.loads((agent.folder / "login").read_text()) == {"apiKeyHelper": "/opt/key --of me"}
    assert "/opt/key" not in json.dumps(run["argv"])
    assert run["env"]["ANTHROPIC_BASE_URL"] == "https://gw.example"
    assert "GITHUB_TOKEN" not in run["env"]


@pytest.mark.parametrize("settings", ["", "[]", "{", '{"env": []}', "\xff"])
def test_settings_without_a_login_change_nothing(agent: Agent, home: Path, settings: str) -> None:
    """No file, half a file or one of another form."""
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text(settings)

    sidecar(agent).observe(request())

    assert option(agent.runs[0], "--settings") is None
