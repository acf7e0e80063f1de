"""Our own integrations keep the rules that we ask others to keep."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import EventContext
from codemem_core.records.seams import SeamRecord
from codemem_core.testing import Rule, Subject, rules_of

TESTS = Path(__file__).parents[1]
SETTINGS = Settings.load({})
PLUGINS = Plugins.load(SETTINGS)
"""Adds to the settings what the plugins offer."""


def opencode_samples() -> list[dict[str, Any]]:
    """Return what OpenCode really handed to a plugin."""
    lines = (TESTS / "opencode/fixtures/work_session.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [row["event"] if row["hook"] == "event" else {"type": row["hook"]} for row in rows][:40]


def recorded(folder: str) -> list[dict[str, Any]]:
    """Return the payloads recorded from a client."""
    paths = sorted((TESTS / "fixtures" / folder).glob("*.json"))
    return [json.loads(path.read_text()) for path in paths]


def stamped(folder: str) -> list[dict[str, Any]]:
    """Return payloads recorded from a client, with the time the hook adds."""
    return [{**payload, "ts": "2026-11-22T08:00:00Z"} for payload in recorded(folder)]


GIVEN: dict[str, dict[str, Any]] = {
    "claude": {"samples": stamped("claude/2.1.330")},
    "codex": {"samples": stamped("codex/0.171.0")},
    "copilot": {"samples": recorded("copilot/1.0.102")},
    "gemini": {"samples": recorded("gemini/0.61.0")},
    "qwen": {"samples": recorded("qwen/0.24.4")},
    "kilo": {
        "samples": opencode_samples(),
        "context": EventContext(stream_id="ses_1", ts_ms=1_795_000_000_000),
    },
    "opencode": {
        "samples": opencode_samples(),
        "context": EventContext(stream_id="ses_1", ts_ms=1_795_000_000_000),
    },
    "recorded": {"environ": {"CODEMEM_EVAL_REPLIES": os.devnull}},
    # Nobody listens there: it has to say so in the seam's own words.
    "api_http": {
        "environ": {
            "CODEMEM_OBSERVER_BASE_URL": "http://127.0.0.1:9/v1",
            "CODEMEM_OBSERVER_MODEL": "none",
        }
    },
}


def records() -> Iterator[SeamRecord]:
    """Yield every record that is installed; embedders need a model, which their own tests have."""
    for offered in (
        PLUGINS.ingest_sources(),
        PLUGINS.flush_policies(),
        PLUGINS.observer_runtimes(),
        PLUGINS.auth_sources(),
        PLUGINS.commands(),
        PLUGINS.viewer_routes(),
        PLUGINS.host_setups(),
        PLUGINS.health_checks(),
    ):
        yield from offered.values()


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        pytest.param(record, rule, id=f"{record.name}-{rule.__name__}")
        for record in records()
        for rule in rules_of(record)
    ],
)
def test_what_we_ship_conforms(record: SeamRecord, rule: Rule) -> None:
    """Every record of ours against every rule of its seam."""
    given = {"own_settings": tuple(SETTINGS.all()), **GIVEN.get(record.name, {})}
    rule(Subject(record=record, **given))
