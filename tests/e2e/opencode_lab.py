"""The real OpenCode, offline: a model that answers from a script, a home with the plugin in it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clients
import pytest
from agent_lab import AgentLab
from chat_model import Model

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "codemem_opencode/src/codemem_opencode/opencode_plugin/codemem.js"


class Lab(AgentLab):
    """A user's home with OpenCode and codemem, and the model it talks to."""

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.config = home / ".config" / "opencode"
        (self.config / "plugin").mkdir(parents=True)
        (self.config / "plugin" / "codemem.js").symlink_to(PLUGIN)
        self.environ |= {
            **{f"OPENCODE_DISABLE_{what}": "1" for what in ("MODELS_FETCH", "AUTOUPDATE")},
            **{f"OPENCODE_DISABLE_{what}": "1" for what in ("LSP_DOWNLOAD", "DEFAULT_PLUGINS")},
            # It would install its plugin library for each new home.
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
            "CODEMEM_PLUGIN_DEBUG": "1",
        }
        self.configure()

    def configure(self, **more: object) -> None:
        """Write OpenCode's config: our model, every tool allowed."""
        options = {"baseURL": f"{self.model.url}/v1", "apiKey": "test-key"}
        models = {"m": {"tool_call": True}}
        fake = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
        own = {"enabled_providers": ["fake"], "provider": {"fake": fake}, "model": "fake/m"}
        usual = {"autoupdate": False, "share": "disabled", "permission": {"*": "allow"}}
        (self.config / "opencode.json").write_text(json.dumps({**own, **usual, **more}))

    def session(self, cwd: Path, prompt: str, *options: str) -> str:
        """Run a session of one prompt and return what it printed; fail when it failed."""
        return self.run("opencode", "run", *options, cwd=cwd, stdin=prompt)

    def stored(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return stream, type and payload of every stored event, in order."""
        return self.raw_events()

    def waits_ms(self) -> list[int]:
        """Return how long each model request waited for memories, by the plugin's log."""
        log = (self.home / ".codemem" / "plugin.log").read_text()
        return [int(ms) for ms in re.findall(r"a request waited (\d+) ms", log)]


@pytest.fixture
def opencode() -> Iterator[Lab]:
    """Give a home with OpenCode and the plugin; its path is short because sockets lie in it."""
    model = Model()
    with tempfile.TemporaryDirectory(prefix="oc", ignore_cleanup_errors=True) as folder:
        lab = Lab(Path(folder).resolve(), clients.programs(clients.OPENCODE), model)
        yield lab
        lab.end()
        model.close()
