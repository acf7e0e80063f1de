"""What the commands say of the integration."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codemem_claude.installation import PLUGIN, plugin_state, write_marketplace
from codemem_cli.app import cli
from codemem_core._version import __version__
from codemem_core.store import events
from codemem_core.store.engine.store import Store

DOCUMENTED = {
    "health", "observer_runtime", "claude_command", "raw_events_sweeper_interval_s",
    "claude_streams", "pending_events", "running_streams", "errored_streams", "queue_claimed",
    "queue_failed", "top_streams",
}  # fmt: skip


def status() -> dict[str, Any]:
    """Return what `claude-integration-status` prints."""
    done = CliRunner().invoke(cli, ["claude-integration-status"])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def install(home: Path, *, version: str = __version__, enabled: bool = True) -> None:
    """Write what Claude Code writes when the plugin is installed."""
    folder = home / ".claude" / "plugins"
    folder.mkdir(parents=True)
    entry = {"version": version, "installPath": "/somewhere"}
    installed = {"version": 2, "plugins": {PLUGIN: [entry]}}
    (folder / "installed_plugins.json").write_text(json.dumps(installed))
    settings = {"enabledPlugins": {PLUGIN: enabled}}
    (home / ".claude" / "settings.json").write_text(json.dumps(settings))


def test_a_fresh_machine_is_green() -> None:
    """Nothing waits; looking makes no database."""
    told = status()

    assert set(told) >= DOCUMENTED
    assert (told["health"], told["claude_streams"], told["top_streams"]) == ("green", 0, [])
    assert told["plugin"] == {"version": None, "enabled": False, "path": None}
    missing = {"ok": False, "text": "the plugin is not installed", "hint": "codemem setup claude"}
    assert missing in told["checks"]
    assert told["log"] == os.path.expanduser("~/.codemem/plugin.log")
    assert not os.path.exists(os.path.expanduser("~/.codemem"))


def test_waiting_events_are_yellow(home: Path, make_event: Any) -> None:
    """With the stream they wait in, and when hooks were heard of."""
    with Store.open(str(home / ".codemem" / "mem.sqlite")) as store:
        store.write(lambda db: events.append(db, [make_event(), make_event()], now_ms=7))

    told = status()

    assert (told["health"], told["pending_events"]) == ("yellow", 2)
    assert told["top_streams"] == [
        {
            "stream_id": "s1", "pending": 2, "batch_running": 0, "batch_error": 0,
            "queue_claimed": 0, "queue_failed": 0, "project": "demo",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (None, "NOT the plugin is not installed"),
        ({"enabled": False}, f"NOT the plugin {__version__} is switched off"),
        ({"version": "0.9.0"}, f"NOT the plugin is 0.9.0, codemem is {__version__}"),
        ({}, f"ok  the plugin is {__version__}, codemem is {__version__}"),
    ],
)
def test_check_says_what_is_amiss_and_how_to_mend_it(
    home: Path, plugin: dict[str, Any] | None, said: str
) -> None:
    """Each with a hint; exit 1, as no hook has fired."""
    if plugin is not None:
        install(home, **plugin)

    done = CliRunner().invoke(cli, ["setup", "claude", "--check"])

    assert done.exit_code == 1
    assert said in done.stdout
    assert done.stdout.count("NOT ") <= done.stdout.count("hint: ")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min ago"), (119, "119 min ago"), (120, "2 h ago"), (9999, "6 days")],
)
def test_check_says_when_a_hook_was_last_heard_of(
    home: Path, make_event: Any, minutes: int, said: str
) -> None:
    """A month ago is not this session."""
    install(home)
    heard_ms = time.time_ns() // 1_000_000 - minutes * 60_000
    event = make_event()
    assert event.adapter
    heard = replace(event.adapter, meta={"hook_event_name": "UserPromptSubmit"})
    with Store.open(str(home / ".codemem" / "mem.sqlite")) as store:
        store.write(lambda db: events.append(db, [replace(event, adapter=heard)], now_ms=heard_ms))

    done = CliRunner().invoke(cli, ["setup", "claude", "--check"])

    assert f"ok  hooks have fired, last {said}" in done.stdout


@pytest.mark.parametrize("content", ["", "[]", '{"plugins": 1}', '{"plugins": {"x": []}}'])
def test_foreign_files_count_as_not_installed(home: Path, content: str) -> None:
    """Claude Code may change its files."""
    (home / ".claude" / "plugins").mkdir(parents=True)
    (home / ".claude" / "plugins" / "installed_plugins.json").write_text(content)

    assert plugin_state().version is None


def test_setup_without_claude_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, no traceback."""
    monkeypatch.setenv("PATH", str(home))

    done = CliRunner().invoke(cli, ["setup", "claude"])

    assert done.exit_code == 1
    assert "claude is not on PATH" in str(done.exception)


def test_marketplace_of_an_installed_codemem_is_complete(tmp_path: Path) -> None:
    """Written twice it is the same; the scripts can be run."""
    for _ in range(2):
        write_marketplace(str(tmp_path / "market"))

    market = json.loads((tmp_path / "market/.claude-plugin/marketplace.json").read_text())
    source = tmp_path / "market" / market["plugins"][0]["source"]
    assert market["name"] == "codemem-marketplace"
    assert (source / ".claude-plugin" / "plugin.json").exists()
    assert os.access(source / "scripts" / "ingest-hook.sh", os.X_OK)
