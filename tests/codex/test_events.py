"""Codex's hook payloads as adapter events; the fixtures were recorded from the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_codex.events import Codex
from codemem_codex.rollout import payloads
from codemem_core.api import AdapterEvent, EventContext, InputError, Settings, log_records

FIXTURES = Path(__file__).parents[1] / "fixtures/codex/0.171.0"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
NOT_KEPT = {name for name in NAMES if name.startswith(("PreToolUse", "PreCompact", "PostCompact"))}
"""Of another hook's, or, without the log it names, of nobody's words."""
SESSION = "01a22fac-3a3d-7a42-b12d-2c1ea7a90b8e"
LOG = FIXTURES / f"rollout-2026-12-01T03-35-45-{SESSION}.jsonl"


def recorded(name: str) -> dict[str, Any]:
    """Return one recorded payload, with the time the hook adds."""
    payload = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return {**payload, "ts": "2026-11-30T22:05:10Z"}


def normalize(payload: dict[str, Any]) -> AdapterEvent | None:
    """Map a payload as the intake does."""
    return Codex(Settings.load({})).normalize(payload, context=EventContext(cwd="/w"))


def event_of(payload: dict[str, Any]) -> AdapterEvent:
    """Map a payload that says something."""
    event = normalize(payload)
    assert event is not None
    return event


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_hook_is_kept_or_known_to_say_nothing(name: str) -> None:
    """Nothing is dropped because its shape was not expected."""
    assert (normalize(recorded(name)) is None) == (name in NOT_KEPT)


def test_a_patch_says_which_files_it_changed_and_how() -> None:
    """Absolute paths, and a unified diff."""
    payload = event_of(recorded("PostToolUse.apply_patch")).payload

    assert (payload["kind"], payload["status"], payload["exit_code"]) == ("edit", "ok", 0)
    assert payload["files_changed"] == ["/home/dev/app/zephyr_new.py"]
    assert payload["tool_output"].startswith("--- /dev/null\n+++ zephyr_new.py\n")


def test_a_commands_exit_code_comes_from_the_session_log() -> None:
    """The hook has the output alone; the log was written before it ran."""
    hook = recorded("PostToolUse.Bash") | {
        "session_id": SESSION,
        "transcript_path": str(LOG),
        "tool_use_id": "call_000004",
        "tool_input": {"command": "echo hi; exit 3"},
        "tool_response": "hi\n",
    }

    payload = event_of(hook).payload

    assert (payload["kind"], payload["command"]) == ("run", "echo hi; exit 3")
    assert (payload["exit_code"], payload["status"]) == (3, "error")
    assert payload["error"] == "Exit code 3\nhi"


def test_without_the_log_a_commands_exit_code_is_unknown() -> None:
    """An unknown outcome is no failure, and no success either."""
    payload = event_of(recorded("PostToolUse.Bash")).payload

    assert payload["status"] == "ok"
    assert "exit_code" not in payload


def test_no_other_file_is_read_for_an_exit_code(tmp_path: Path) -> None:
    """A payload could name any file to have it read."""
    other = tmp_path / "notes.jsonl"
    other.write_text(LOG.read_text())
    hook = recorded("PostToolUse.Bash") | {
        "transcript_path": str(other),
        "tool_use_id": "call_000004",
    }

    assert "exit_code" not in event_of(hook).payload


def test_what_the_log_tells_has_the_ids_that_hooks_give() -> None:
    """So a session that hooks recorded is not stored again from its log."""
    hooks = [recorded("UserPromptSubmit"), recorded("Stop"), recorded("PostToolUse.Bash")]
    log = FIXTURES / "rollout-2026-11-30T22-05-09-01a22e7d-8d75-7423-956b-16b4e0306aab.jsonl"
    logged = {event_of(told).event_id for told in payloads(log_records(log, max_bytes=0))}

    assert {event_of(hook).event_id for hook in hooks} <= logged


@pytest.mark.parametrize("hook", ["UserPromptSubmit", "Stop"])
def test_words_that_are_none_make_no_event(hook: str) -> None:
    """An empty prompt, and a turn that ended without words."""
    silent = {"prompt": " ", "last_assistant_message": None}

    assert normalize(recorded(hook) | silent) is None


def test_a_subagents_prompt_is_not_the_users() -> None:
    """The model wrote it."""
    assert normalize(recorded("UserPromptSubmit") | {"agent_id": "a1"}) is None


def test_a_payload_of_another_shape_is_refused() -> None:
    """It is no hook of Codex's."""
    with pytest.raises(InputError, match="hook_event_name"):
        normalize({"hook_event_name": 3, "session_id": "s"})
