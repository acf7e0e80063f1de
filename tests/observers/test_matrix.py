"""Every runtime and API with every place of a credential, through every kind of answer."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import (
    AuthError,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
    UnusableAnswer,
)
from codemem_core.hookspecs import hookimpl
from codemem_core.observers.observe import Observing
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence, Prompt
from codemem_core.records.seams import AuthSource, ObserverRuntime
from codemem_observers import plugin
from codemem_observers.api_http import ApiHttp
from codemem_observers.claude_sidecar import ClaudeSidecar
from codemem_observers.opencode_run import OpenCodeRun
from codemem_observers.settings import SETTINGS
from tests.observers.agents import make_agent
from tests.observers.test_agent_sandbox import RESULT, STEPS
from tests.observers.test_api_http import CHAT, MESSAGES, Endpoint, Reply, endpoint
from tests.observers.test_providers import DONE, RESPONSES_ANSWER, stream

__all__ = ["endpoint"]

CANARY = "sk-canary-7f3a"
GOOD = '<skip_summary reason="nothing"/>'
EVIDENCE = Evidence(source="claude", stream_id="s1", items=(Prompt(text="fix it", seq=1),))


def filled(answer: Any) -> Any:
    """Put a good answer into one that says TEXT."""
    return json.loads(json.dumps(answer).replace("TEXT", json.dumps(GOOD)[1:-1]))


SAID = {"type": "response.output_text.delta", "delta": GOOD}
BODIES: dict[str, bytes] = {
    "chat": json.dumps(filled(CHAT)).encode(),
    "messages": json.dumps(filled(MESSAGES)).encode(),
    "responses": json.dumps(filled(RESPONSES_ANSWER)).encode(),
    "codex": stream(SAID, DONE),
}
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "codex": "/v1",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What the server does, and what must come of it."""

    name: str
    replies: tuple[Reply, ...]
    error: type[ObserverError] | None


def cases(good: bytes) -> list[Case]:
    """Write down the ten kinds of answers for one API."""
    wait = {"retry-after": "7"}
    echo = {"error": {"code": CANARY, "message": CANARY}}
    return [
        Case("ok", (Reply(body=good),), None),
        Case("refreshed", (Reply(401, echo), Reply(body=good)), None),
        Case("forbidden", (Reply(403, echo), Reply(403, echo)), AuthError),
        Case("limited", (Reply(429, echo, wait),), RateLimited),
        Case("broken", (Reply(500, echo),), TransientError),
        Case("silent", (Reply(hang="before"),), TransientError),
        Case("empty", (Reply(body=b""),), TransientError),
        Case("garbage", (Reply(body=b"\xff\x00<html>" * 9),), TransientError),
        Case("truncated", (Reply(body=good[: len(good) // 3]),), TransientError),
        Case("5 MB", (Reply(body=good + b" " * 5_000_000),), PermanentError),
    ]


MATRIX = [
    pytest.param(api, auth, case, id=f"{api}-{auth}-{case.name}")
    for api, good in BODIES.items()
    for auth in ("auto", "env", "file", "command", "none", "oauth")
    if (auth == "oauth") == (api == "codex")
    for case in cases(good)
]


@pytest.fixture
def runtimes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make a plugin with the real runtimes, whose limits are short, and the real auth sources."""
    module = ModuleType("hurried")

    @hookimpl
    def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
        yield ObserverRuntime(name="api_http", target="hurried:http")
        yield ObserverRuntime(
            name="claude_sidecar", target="hurried:claude", needs_credential=False
        )
        yield ObserverRuntime(
            name="opencode_run", target="hurried:opencode", needs_credential=False
        )

    @hookimpl
    def codemem_auth_sources() -> Iterator[AuthSource]:
        yield from plugin.codemem_auth_sources()

    vars(module).update(
        codemem_observer_runtimes=codemem_observer_runtimes,
        codemem_auth_sources=codemem_auth_sources,
        http=lambda settings: ApiHttp(settings, silence_s=0.3),
        claude=lambda settings: ClaudeSidecar(settings, limit_s=1.5),
        opencode=lambda settings: OpenCodeRun(settings, limit_s=1.5),
    )
    monkeypatch.setitem(sys.modules, "hurried", module)
    return module


def environment(api: str, auth: str, url: str, home: Path) -> dict[str, str]:
    """Return the variables that lead to an API with a credential from one place."""
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "CODEMEM_OBSERVER_MODEL": "m"}
    environ |= {"CODEMEM_OBSERVER_AUTH_SOURCE": "auto" if auth == "oauth" else auth}
    if api == "codex":
        return environ | {"CODEMEM_CODEX_ENDPOINT": url} | logged_in(home)
    if api == "responses":
        environ |= {"CODEMEM_OBSERVER_PROVIDER": "gw"} | configured(home, url)
    else:
        provider = "anthropic" if api == "messages" else "custom"
        environ |= {"CODEMEM_OBSERVER_PROVIDER": provider, "CODEMEM_OBSERVER_BASE_URL": url}
    return environ | credential(auth, home)


def logged_in(home: Path) -> dict[str, str]:
    """Store OpenCode's login."""
    folder = home / ".local" / "share" / "opencode"
    folder.mkdir(parents=True)
    entry = {"type": "oauth", "access": CANARY, "expires": 9e15, "accountId": "acct"}
    (folder / "auth.json").write_text(json.dumps({"openai": entry}))
    return {}


def configured(home: Path, url: str) -> dict[str, str]:
    """Write OpenCode's configuration with a provider that speaks OpenAI's newer API."""
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    gw = {"npm": "@ai-sdk/openai", "options": {"baseURL": url}}
    (folder / "opencode.json").write_text(json.dumps({"provider": {"gw": gw}}))
    return {}


def credential(auth: str, home: Path) -> dict[str, str]:
    """Put the token into its place and return the variables that name the place."""
    if auth in {"auto", "env"}:
        return {"CODEMEM_OBSERVER_API_KEY": CANARY}
    (home / "token").write_text(CANARY)
    if auth == "file":
        return {"CODEMEM_OBSERVER_AUTH_FILE": "~/token"}
    argv = json.dumps(["cat", str(home / "token")])
    return {"CODEMEM_OBSERVER_AUTH_COMMAND": argv} if auth == "command" else {}


@pytest.mark.parametrize(("api", "auth", "case"), MATRIX)
def test_every_answer_of_every_api_with_every_credential(
    *,
    endpoint: Endpoint,
    runtimes: ModuleType,
    home: Path,
    caplog: pytest.LogCaptureFixture,
    api: str,
    auth: str,
    case: Case,
) -> None:
    """The right API is asked with the right credential, and each failure has its class."""
    caplog.set_level(logging.DEBUG)
    endpoint.replies += case.replies
    environ = environment(api, auth, endpoint.url, home)
    settings = Settings.load({**environ, "CODEMEM_OBSERVER_RUNTIME": "api_http"}, extra=SETTINGS)
    observing = Observing(Plugins.only(runtimes, settings=settings), settings)
    error = case.error
    if auth == "none" and case.name == "refreshed":
        error = AuthError  # there is nothing to fetch anew

    told = ask(observing, error)

    path, headers, _ = endpoint.requests[0]
    assert path == PATHS[api]
    sent = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    assert sent == ("" if auth == "none" else CANARY)
    assert CANARY not in told + caplog.text


def ask(observing: Observing, error: type[ObserverError] | None) -> str:
    """Ask once and return all that was told about it."""
    if error is None:
        observed = observing.observe(EVIDENCE)
        assert observed.extraction.understood
        return repr((observed.runtime, observed.auth, observed.reply))
    with pytest.raises(error) as caught:
        observing.observe(EVIDENCE)
    assert type(caught.value) is error
    if error is RateLimited:
        assert getattr(caught.value, "retry_after_s", None) == 7.0
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    return " ".join(f"{link!r} {link}" for link in chain) + caught.value.hint


def printed(*lines: Any, code: int = 0) -> str:
    """Return a script that prints JSON lines."""
    text = "\n".join(json.dumps(line) for line in lines)
    return f"print({text!r}, flush=True); raise SystemExit({code})"


def refused(name: str, status: int) -> str:
    """Return a script that reports an HTTP status as the program does."""
    if name == "claude":
        words = f"API Error {CANARY}"
        failed = {**RESULT, "is_error": True, "api_error_status": status, "result": words}
        return printed(failed, code=1)
    data = {"statusCode": status, "message": CANARY}
    return printed({"type": "error", "error": {"data": data}}, code=1)


def good(name: str) -> str:
    """Return a script that answers well."""
    lines = [RESULT] if name == "claude" else [STEPS[0], {"type": "text", "part": {"text": GOOD}}]
    return printed(*filled(lines))


AGENT_CASES: list[tuple[str, type[ObserverError] | None]] = [
    ("ok", None),
    ("401", AuthError),
    ("403", AuthError),
    ("429", RateLimited),
    ("500", TransientError),
    ("silent", TransientError),
    ("empty", TransientError),
    ("garbage", TransientError),
    ("truncated", TransientError),
    ("5 MB", TransientError),
]


@pytest.mark.parametrize("name", ["claude", "opencode"])
@pytest.mark.parametrize(("case", "error"), AGENT_CASES)
def test_every_answer_of_every_agent(
    *,
    tmp_path: Path,
    runtimes: ModuleType,
    caplog: pytest.LogCaptureFixture,
    name: str,
    case: str,
    error: type[ObserverError] | None,
) -> None:
    """The same classes as over HTTP; its login never shows either."""
    agent = make_agent(tmp_path / "bin", name)
    scripts = {
        "ok": good(name),
        "silent": "time.sleep(60)",
        "empty": "",
        "garbage": r"sys.stdout.buffer.write(b'\xff\x00<html>' * 9)",
        "truncated": good(name)[: len(good(name)) // 3] + "')",
        "5 MB": "print(' ' * 5_000_000)",
    }
    agent.does(scripts[case] if case in scripts else refused(name, int(case)))
    environ = {"PATH": f"{agent.path.parent}:{os.environ['PATH']}", "HOME": str(Path.home())}
    environ |= {"ANTHROPIC_API_KEY": CANARY, "OPENAI_API_KEY": CANARY}
    runtime = "claude_sidecar" if name == "claude" else "opencode_run"
    settings = Settings.load({**environ, "CODEMEM_OBSERVER_RUNTIME": runtime}, extra=SETTINGS)
    observing = Observing(Plugins.only(runtimes, settings=settings), settings)
    if name == "claude" and case in {"garbage", "truncated"}:
        error = UnusableAnswer  # a wrapper may print bare text, so it counts as a bad answer

    if error is None:
        assert observing.observe(EVIDENCE).extraction.understood
    else:
        with pytest.raises(error) as caught:
            observing.observe(EVIDENCE)
        assert type(caught.value) is error
        assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.hint}" + caplog.text
    assert CANARY not in json.dumps([run["argv"] for run in agent.runs])
