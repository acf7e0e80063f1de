"""No credential and no secret of a session is found where it does not belong."""

from __future__ import annotations

import html
import json
import logging
import os
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.flush.flusher import Flusher
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events
from codemem_core.store.engine.store import Store
from codemem_observers import plugin
from codemem_observers.settings import SETTINGS
from tests.conftest import EventMaker
from tests.core.redact.test_masks import FAMILIES, NAMED, PLACES
from tests.observers.agents import make_agent
from tests.observers.test_agent_sandbox import RESULT
from tests.observers.test_api_http import Endpoint, Reply, endpoint
from tests.observers.test_matrix import BODIES

__all__ = ["endpoint"]

CANARY = "canary7f3aQ9"


def flusher(store: Store, **environ: str) -> Flusher:
    """Make a flusher with the real runtimes and auth sources."""
    settings = Settings.load(
        {"HOME": str(Path.home()), "PATH": os.environ["PATH"], **environ}, extra=SETTINGS
    )
    return Flusher(store, Plugins.only(builtin, plugin, settings=settings), settings)


def everything_on_disk(*folders: Path) -> bytes:
    """Return all bytes of all files below the folders."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


def env_key(_: Path) -> dict[str, str]:
    """A key in the environment."""
    return {"CODEMEM_OBSERVER_AUTH_SOURCE": "env", "CODEMEM_OBSERVER_API_KEY": CANARY}


def key_file(outside: Path) -> dict[str, str]:
    """A key in a file of the user's."""
    (outside / "token").write_text(CANARY)
    path = str(outside / "token")
    return {"CODEMEM_OBSERVER_AUTH_SOURCE": "file", "CODEMEM_OBSERVER_AUTH_FILE": path}


def key_command(outside: Path) -> dict[str, str]:
    """A key a command prints."""
    (outside / "say").write_text(f"print({CANARY!r})")
    argv = json.dumps([sys.executable, str(outside / "say")])
    return {"CODEMEM_OBSERVER_AUTH_SOURCE": "command", "CODEMEM_OBSERVER_AUTH_COMMAND": argv}


def header(_: Path) -> dict[str, str]:
    """A fixed header, and no key."""
    headers = json.dumps({"X-Gateway-Key": CANARY})
    return {"CODEMEM_OBSERVER_AUTH_SOURCE": "none", "CODEMEM_OBSERVER_HEADERS": headers}


PLACES_OF_A_KEY = [env_key, key_file, key_command, header]
ECHOED = {"error": {"code": CANARY, "type": CANARY, "message": f"bad key {CANARY}"}}
ANSWERS = {
    "ok": [Reply(body=BODIES["chat"])],
    "401": [Reply(401, ECHOED)] * 2,
    "429": [Reply(429, ECHOED)],
    "500": [Reply(500, f"<h1>{CANARY}</h1>".encode())],
    "garbage": [Reply(body=CANARY.encode())],
    "redirect": [Reply(307, b"", {"location": f"http://127.0.0.1:1/{CANARY}"})],
}


@pytest.mark.parametrize("place", PLACES_OF_A_KEY)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_credential_stays_where_it_is(
    *,
    endpoint: Endpoint,
    store: Store,
    make_event: EventMaker,
    tmp_path: Path,
    home: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    place: Callable[[Path], dict[str, str]],
    answer: str,
) -> None:
    """It reaches the provider, and no database, log, report or output, even if it is sent back."""
    caplog.set_level(logging.DEBUG)
    outside = tmp_path / "outside"
    outside.mkdir()
    endpoint.replies += ANSWERS[answer]
    store.write(lambda db: events.append(db, [make_event(text="fix the bug")], now_ms=1))
    there = {"CODEMEM_OBSERVER_BASE_URL": endpoint.url, "CODEMEM_OBSERVER_MODEL": "m"}

    report = flusher(store, **there, **place(outside)).flush("claude", "s1")

    _, headers, body = endpoint.requests[0]
    assert CANARY in json.dumps(headers)
    assert CANARY not in json.dumps(body)
    assert (report.failure == "") == (answer == "ok")
    assert CANARY not in repr(report) + caplog.text + "".join(capfd.readouterr())
    assert CANARY.encode() not in everything_on_disk(Path(store.path).parent, home)


def test_an_agents_login_stays_out_of_its_arguments(
    store: Store, make_event: EventMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on as a variable to the one program it belongs to; our own key does not."""
    caplog.set_level(logging.DEBUG)
    agent = make_agent(tmp_path / "bin", "claude")
    agent.says({**RESULT, "is_error": True, "api_error_status": 401, "result": CANARY}, code=1)
    store.write(lambda db: events.append(db, [make_event(text="fix the bug")], now_ms=1))
    login = {"ANTHROPIC_API_KEY": CANARY, "CODEMEM_OBSERVER_API_KEY": f"own-{CANARY}"}
    path = f"{agent.path.parent}:{os.environ['PATH']}"

    report = flusher(
        store, **login | {"CODEMEM_OBSERVER_RUNTIME": "claude_sidecar", "PATH": path}
    ).flush("claude", "s1")

    [run] = agent.runs
    assert CANARY not in json.dumps(run["argv"])
    assert [name for name, value in run["env"].items() if CANARY in value] == ["ANTHROPIC_API_KEY"]
    assert report.failure.startswith("auth")
    assert CANARY not in report.failure + caplog.text
    assert CANARY.encode() not in everything_on_disk(Path(store.path).parent)


def deliver(store: Store, settings: Settings, outputs: list[str]) -> None:
    """Store tool outputs as an adapter sends them: through the one door."""
    plugins = Plugins.only(builtin, plugin, settings=settings)
    batch: list[dict[str, Any]] = []
    for number, output in enumerate(outputs):
        payload = {"tool_name": "Bash", "status": "ok", "tool_output": output}
        adapter = {
            "schema_version": "1.0",
            "source": "claude",
            "session_id": "s1",
            "event_id": f"event-{number:06d}",
            "event_type": "tool_result",
            "ts": "2026-11-22T08:00:00Z",
            "payload": payload,
        }
        event = {"session_stream_id": "s1", "source": "claude", "event_type": "claude.hook"}
        batch.append({**event, "event_id": f"event-{number:06d}", "payload": {"_adapter": adapter}})
    found = Intake(plugins).raw_events({"events": batch})
    store.write(lambda db: events.append(db, found, now_ms=1))


def sent(store: Store, endpoint: Endpoint, outputs: list[str]) -> str:
    """Deliver outputs, flush, and return all that the provider was sent, plain."""
    environ = {
        "CODEMEM_OBSERVER_BASE_URL": endpoint.url,
        "CODEMEM_OBSERVER_MODEL": "m",
        "CODEMEM_OBSERVER_MAX_CHARS": "9000000",
    }
    deliver(store, Settings.load(environ, extra=SETTINGS), outputs)
    endpoint.replies += [Reply(body=BODIES["chat"])] * 100
    report = flusher(store, **environ).flush("claude", "s1")
    assert report.failure == ""
    texts = (str(message["content"]) for _, _, b in endpoint.requests for message in b["messages"])
    return html.unescape("\n".join(texts))


def test_secrets_of_a_session_never_reach_the_provider(endpoint: Endpoint, store: Store) -> None:
    """Every family the redactor knows, in every place: at least 99 of 100 are gone."""
    made: list[tuple[str, str, str]] = []
    for family, make in FAMILIES.items():
        made += [(family, secret := make(), place % secret) for place in PLACES for _ in range(25)]
    for family, (make, places) in NAMED.items():
        made += [(family, secret := make(), place % secret) for place in places for _ in range(25)]

    text = sent(store, endpoint, [output for _, _, output in made])

    assert text.count("[REDACTED:") > len(made) * 0.9
    leaked = [family for family, secret, _ in made if secret in text]
    for family in {*FAMILIES, *NAMED}:
        total = sum(1 for name, _, _ in made if name == family)
        assert leaked.count(family) <= total * 0.01, family


def test_ordinary_lines_reach_the_provider_unchanged(endpoint: Endpoint, store: Store) -> None:
    """Of 10,000 lines of code at most one in a thousand is masked."""
    folder = Path(json.__file__).parents[1]
    lines = [
        line
        for path in sorted(folder.glob("*.py"))[:60]
        for line in path.read_text(encoding="utf-8", errors="ignore").splitlines()
        if len(line.strip()) > 10 and line.isprintable()
    ]
    chosen = random.Random(7).sample(lines, min(10_000, len(lines)))
    chunks = ["\n".join(chosen[at : at + 60]) for at in range(0, len(chosen), 60)]

    text = sent(store, endpoint, chunks)

    assert len(chosen) > 5_000
    masked = re.findall(r".*\[REDACTED:.*", text)
    assert len(masked) <= len(chosen) / 1000
