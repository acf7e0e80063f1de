"""Settings of OpenCode's plugin, which reads them from its own environment."""

from __future__ import annotations

from codemem_core.api import Setting

SETTINGS = (
    Setting(
        "plugin_debug",
        "CODEMEM_PLUGIN_DEBUG",
        kind="flag",
        default=False,
        section="OpenCode",
        help="Log the life of the OpenCode plugin.",
    ),
    Setting(
        "plugin_cmd_timeout_ms",
        "CODEMEM_PLUGIN_CMD_TIMEOUT",
        kind="number",
        default=20000,
        least=1,
        section="OpenCode",
        help="Milliseconds until the OpenCode plugin gives up a command.",
    ),
    Setting(
        "plugin_max_event_chars",
        "CODEMEM_PLUGIN_MAX_EVENT_CHARS",
        kind="number",
        default=8000,
        least=1,
        section="OpenCode",
        help="Characters the OpenCode plugin keeps of one text of an event.",
    ),
    Setting(
        "min_version",
        "CODEMEM_MIN_VERSION",
        default="0.9.20",
        section="OpenCode",
        help="The OpenCode plugin warns when codemem is older.",
    ),
    Setting(
        "backend_update_policy",
        "CODEMEM_BACKEND_UPDATE_POLICY",
        default="notify",
        section="OpenCode",
        help="What the OpenCode plugin does about an old codemem: `notify`, `auto` or `off`.",
    ),
    Setting(
        "raw_events",
        "CODEMEM_RAW_EVENTS",
        kind="flag",
        default=True,
        section="OpenCode",
        help="The OpenCode plugin streams its events.",
    ),
    Setting(
        "raw_events_backoff_ms",
        "CODEMEM_RAW_EVENTS_BACKOFF_MS",
        kind="number",
        default=10000,
        least=0,
        section="OpenCode",
        help="Milliseconds the OpenCode plugin waits after a failed delivery.",
    ),
    Setting(
        "raw_events_status_check_ms",
        "CODEMEM_RAW_EVENTS_STATUS_CHECK_MS",
        kind="number",
        default=30000,
        least=0,
        section="OpenCode",
        help="Milliseconds between two looks of the OpenCode plugin whether the server is there.",
    ),
    Setting(
        "raw_events_hard_max",
        "CODEMEM_RAW_EVENTS_HARD_MAX",
        kind="number",
        default=2000,
        least=1,
        section="OpenCode",
        help="Events the OpenCode plugin keeps in memory, at most; more go to the spool.",
    ),
)
