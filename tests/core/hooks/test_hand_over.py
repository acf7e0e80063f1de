"""What a hook adds to a payload before it hands it over."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.hooks.hand_over import stamp
from codemem_core.hooks.hook_host import HookHost


class _Host(HookHost):
    source = "any"
    folder_variable = "ANY_FOLDER"

    def flush(self, hook: str, settings: Settings) -> bool | None:
        del settings
        return True if hook == "End" else None


def stamped(**payload: Any) -> dict[str, Any]:
    """Return a payload as the hook sends it."""
    stamp(_Host(), payload, Settings.load({"CODEMEM_PROJECT": "demo"}))
    return payload


def test_the_hosts_own_time_counts() -> None:
    """As ISO 8601, or in milliseconds, which stay in the payload."""
    assert stamped(timestamp="2026-11-22T08:00:00Z")["ts"] == "2026-11-22T08:00:00Z"
    assert stamped(timestamp=1_795_000_000_123) | {"codemem": 0} == {
        "timestamp": 1_795_000_000_123,
        "ts": "2026-11-18T11:06:40.123000Z",
        "codemem": 0,
    }


@pytest.mark.parametrize("odd", [None, "", " ", 0, -5, 1e300, {}, float("nan")])
def test_a_time_nobody_can_mean_gives_way_to_the_present(odd: object) -> None:
    """A payload is never lost for its time."""
    assert stamped(timestamp=odd)["ts"] > "2026"


def test_what_only_the_hook_knows_travels_with_the_payload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its project, the session's own folder, and whether this is an end."""
    monkeypatch.setenv("ANY_FOLDER", "/work/demo")

    sent = stamped(hook_event_name="End", cwd="/work/demo/deeper")

    assert sent["codemem"] == {"project": "demo", "folder": "/work/demo", "flush": True}
