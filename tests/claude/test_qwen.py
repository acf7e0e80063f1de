"""Qwen Code's payloads, which come through Claude Code's plugin; recorded from the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_claude.hook_host import SETTINGS, ClaudeCode
from codemem_claude.qwen import Qwen
from codemem_core.api import AdapterEvent, EventContext, Settings

FIXTURES = Path(__file__).parents[1] / "fixtures/qwen/0.24.4"


def recorded(name: str) -> dict[str, Any]:
    """Return one recorded payload."""
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def normalize(payload: dict[str, Any]) -> AdapterEvent | None:
    """Map a payload as the intake does."""
    return Qwen(Settings.load({})).normalize(payload, context=EventContext(cwd="/w"))


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_every_recorded_payload_is_understood(name: str) -> None:
    """But for the prompt's hook that is repeated after every tool."""
    event = normalize(recorded(name))

    assert (event is None) == (name == "UserPromptSubmit.empty")
    assert event is None or event.source == "qwen"


@pytest.mark.parametrize(
    ("name", "code", "output"),
    [
        ("PostToolUse.run_shell_command", 0, "zephyr-ok"),
        ("PostToolUseFailure.run_shell_command", 3, ""),
    ],
)
def test_a_command_has_its_exit_code(name: str, code: int, output: str) -> None:
    """Qwen Code gives it as a line of text."""
    event = normalize(recorded(name))

    assert event is not None
    assert event.payload["kind"] == "run"
    assert (event.payload["exit_code"], event.payload["tool_output"]) == (code, output)


def test_a_failing_command_says_what_it_printed() -> None:
    """As Claude Code does."""
    event = normalize(recorded("PostToolUseFailure.run_shell_command"))

    assert event is not None
    assert event.payload["error"] == "Exit code 3\ncollision"


def test_an_edit_names_its_file() -> None:
    """Whatever the tool is called."""
    event = normalize(recorded("PostToolUse.write_file"))

    assert event is not None
    assert event.payload["files_changed"] == ["/home/dev/app/zephyr_cache.py"]
    assert "+    return hash(('salt', n))" in event.payload["tool_output"]


def test_words_between_tools_are_read_in_the_chat(tmp_path: Path) -> None:
    """No hook tells them; the last words have one."""
    call = {"functionCall": {"id": "c1", "name": "run_shell_command", "args": {}}}
    records = [
        {"uuid": "1", "type": "user", "message": {"parts": [{"text": "fix it"}]}},
        {"uuid": "2", "type": "assistant", "message": {"parts": [{"text": "Let me look."}, call]}},
        {"uuid": "3", "type": "assistant", "message": {"parts": [{"text": "Done."}]}},
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    stop = recorded("Stop") | {"transcript_path": str(path)}

    told = list(Qwen(Settings.load({})).missed(stop, seen=()))

    assert [each["text"] for each in told] == ["Let me look."]
    event = normalize(dict(told[0]))
    assert event is not None
    assert event.payload["final"] is False


def test_the_plugin_knows_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qwen Code says so in the environment of its hooks."""
    assert (ClaudeCode().source, ClaudeCode().path) == ("claude", "/api/claude-hooks")

    monkeypatch.setenv("QWEN_CODE_SESSION_ID", "s1")

    assert (ClaudeCode().source, ClaudeCode().path) == ("qwen", "")
    # It fires no SessionEnd after a one-shot session.
    settings = Settings.load({}, extra=SETTINGS)
    assert ClaudeCode().flush("Stop", settings) is True
