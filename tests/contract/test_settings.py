"""The plugin reference names these variables and defaults; each must be there as documented."""

import os
import re
from pathlib import Path

import pytest

from codemem_core.config.settings import Setting, Settings, Value
from codemem_core.plugins.registry import Plugins

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"\bSetting\((?:[^()]|\([^()]*\))*\)")
SOURCES = "\n".join(
    _ROW.sub("", path.read_text(encoding="utf-8"))
    for path in ROOT.glob("codemem_*/src/**/*")
    if path.suffix in {".py", ".js", ".sh"} and path.name != "catalog.py"
)
TABLE = list(Plugins.load(Settings.load({})).settings().values())
BY_ENV = {setting.env: setting for setting in TABLE}
# Variable -> documented default; None where the reference gives none.
DOCUMENTED: dict[str, Value] = {
    "CODEMEM_RUNNER": None,
    "CODEMEM_RUNNER_FROM": None,
    "CODEMEM_VIEWER": True,
    "CODEMEM_VIEWER_HOST": "127.0.0.1",
    "CODEMEM_VIEWER_PORT": 38888,
    "CODEMEM_VIEWER_AUTO": True,
    "CODEMEM_VIEWER_AUTO_STOP": True,
    "CODEMEM_PLUGIN_LOG": None,
    "CODEMEM_PLUGIN_LOG_PATH": None,
    "CODEMEM_CLAUDE_HOOK_HTTP_CONNECT_TIMEOUT_S": 1,
    "CODEMEM_CLAUDE_HOOK_HTTP_MAX_TIME_S": 2,
    "CODEMEM_CLAUDE_HOOK_LOCK_DIR": "~/.codemem/claude-hook-ingest.lock",
    "CODEMEM_CLAUDE_HOOK_LOCK_TTL_S": 300,
    "CODEMEM_CLAUDE_HOOK_LOCK_GRACE_S": 2,
    "CODEMEM_CLAUDE_HOOK_SPOOL_DIR": "~/.codemem/claude-hook-spool",
    "CODEMEM_INJECT_HTTP_CONNECT_TIMEOUT_S": 1,
    "CODEMEM_INJECT_HTTP_MAX_TIME_S": 2,
    "CODEMEM_INJECT_HTTP_FALLBACK": True,
    "CODEMEM_INJECT_MAX_CHARS": 16000,
    "CODEMEM_INJECT_ALLOW_UVX": False,
    "CODEMEM_PLUGIN_CMD_TIMEOUT": 20000,
    "CODEMEM_MIN_VERSION": "0.9.20",
    "CODEMEM_BACKEND_UPDATE_POLICY": "notify",
    "CODEMEM_CODEX_ENDPOINT": None,
    "CODEMEM_PLUGIN_DEBUG": False,
    "CODEMEM_PLUGIN_IGNORE": False,
    "CODEMEM_INJECT_CONTEXT": True,
    "CODEMEM_INJECT_LIMIT": 8,
    "CODEMEM_INJECT_TOKEN_BUDGET": 800,
    "CODEMEM_USE_OPENCODE_RUN": False,
    "CODEMEM_OPENCODE_MODEL": "gpt-5.1-codex-mini",
    "CODEMEM_OPENCODE_AGENT": None,
    "CODEMEM_OBSERVER_PROVIDER": None,
    "CODEMEM_OBSERVER_MODEL": None,
    "CODEMEM_OBSERVER_API_KEY": None,
    "CODEMEM_OBSERVER_BASE_URL": None,
    "CODEMEM_CLAUDE_COMMAND": ["claude"],
    "CODEMEM_OBSERVER_RUNTIME": "api_http",
    "CODEMEM_OBSERVER_AUTH_SOURCE": "auto",
    "CODEMEM_OBSERVER_AUTH_FILE": None,
    "CODEMEM_OBSERVER_AUTH_COMMAND": [],
    "CODEMEM_OBSERVER_AUTH_TIMEOUT_MS": 1500,
    "CODEMEM_OBSERVER_AUTH_CACHE_TTL_S": 300,
    "CODEMEM_OBSERVER_HEADERS": {},
    "CODEMEM_OBSERVER_MAX_CHARS": 12000,
    "CODEMEM_RAW_EVENTS_BACKOFF_MS": 10000,
    "CODEMEM_RAW_EVENTS_STATUS_CHECK_MS": 30000,
    "CODEMEM_RAW_EVENTS_HARD_MAX": 2000,
    "CODEMEM_RAW_EVENTS_AUTO_FLUSH": False,
    "CODEMEM_RAW_EVENTS_DEBOUNCE_MS": 60000,
    "CODEMEM_RAW_EVENTS_SWEEPER": True,
    "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_MS": 30000,
    "CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_S": 30,
    "CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS": 120000,
    "CODEMEM_RAW_EVENTS_SWEEPER_LIMIT": 25,
    "CODEMEM_RAW_EVENTS_STUCK_BATCH_MS": 300000,
    "CODEMEM_RAW_EVENTS_RETENTION_MS": 0,
    "CODEMEM_CLAUDE_HOOK_FLUSH": True,
    "CODEMEM_CLAUDE_HOOK_FLUSH_ON_STOP": False,
    "CODEMEM_PROJECT": None,
}


def test_the_reference_has_sixty_variables() -> None:
    """The list above is whole."""
    assert len(DOCUMENTED) == 60


@pytest.mark.parametrize("env", DOCUMENTED)
def test_documented_variable_has_its_default(env: str) -> None:
    """What the reference promises is what a fresh machine gets."""
    assert BY_ENV[env].default == DOCUMENTED[env]


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
def test_setting_is_whole(setting: Setting) -> None:
    """Every row has a help sentence, and a default that its own kind accepts."""
    assert setting.help.endswith(".")
    assert setting.default is None or setting.parse(setting.default) == setting.default


def test_names_are_unique() -> None:
    """Two settings never share a key or a variable."""
    assert len({setting.key for setting in TABLE}) == len(BY_ENV) == len(TABLE)


def test_flags_and_numbers_always_have_a_value() -> None:
    """Only texts and paths may be unset."""
    unset = {setting.kind for setting in TABLE if setting.default is None}

    assert unset == {"text", "path"}


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
def test_setting_is_in_effect_or_marked(setting: Setting) -> None:
    """What some code asks for works; what nobody asks for says so in docs/settings.md."""
    asked = re.search(rf'"{setting.key}"|\b{setting.env}\b', SOURCES) is not None

    assert asked is (setting.status == "")


def test_no_code_reads_a_variable_beside_the_table() -> None:
    """A variable of ours without a row would be undocumented."""
    named = set(re.findall(r"\bCODEMEM_[A-Z][A-Z_]*[A-Z]\b", SOURCES))
    # The version of the hooks.
    assert named - set(BY_ENV) == {"CODEMEM_API"}


def test_loading_reads_no_other_variable_of_ours() -> None:
    """What is not in the table does not count: there is no hidden switch."""
    asked: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            asked.add(key)
            return super().get(key, default)  # type: ignore[arg-type]

    Settings.load(Watched(os.environ), extra=TABLE)

    assert {name for name in asked if name.startswith("CODEMEM_")} == set(BY_ENV)
