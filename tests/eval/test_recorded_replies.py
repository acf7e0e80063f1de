"""A model's recorded replies, as an observer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError, PermanentError
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import ObserveRequest
from codemem_eval.plugin import codemem_settings
from codemem_eval.recorded_replies import RecordedReplies


def settings(path: Path | None) -> Settings:
    """Return settings that name a file with replies, or none."""
    environ = {"CODEMEM_EVAL_REPLIES": str(path)} if path else {}
    return Settings.load(environ, extra=list(codemem_settings()))


def asked(session: str) -> ObserveRequest:
    """Return a question about a session."""
    evidence = Evidence(source="claude", stream_id=session)
    return ObserveRequest(evidence=evidence, instructions="", prompt="")


def test_a_session_gets_its_replies_in_order(tmp_path: Path) -> None:
    """And none when there is none left, so that the offline observer takes over."""
    path = tmp_path / "replies.jsonl"
    rows = [("a", "one"), ("b", "other"), ("a", "two")]
    path.write_text("\n".join(json.dumps({"session": s, "reply": r}) for s, r in rows))
    replies = RecordedReplies(settings(path))

    told = [replies.observe(asked(session)).text for session in ("a", "a", "b")]

    assert told == ["one", "two", "other"]
    with pytest.raises(PermanentError):
        replies.observe(asked("a"))


def test_a_file_is_needed() -> None:
    """One line that says which setting names it."""
    with pytest.raises(InputError, match="no file with recorded replies"):
        RecordedReplies(settings(None))
