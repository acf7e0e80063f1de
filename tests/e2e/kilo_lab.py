"""The real Kilo, offline, with codemem's OpenCode plugin set up in it."""

from __future__ import annotations

import json
from pathlib import Path

from agent_lab import AgentLab
from chat_model import Model, Turn, turn


class Lab(AgentLab):
    """A user's home with Kilo and codemem, and the model it talks to."""

    name = "kilo"
    search_tool = "codemem_memory_search"

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.environ |= {
            **{f"KILO_DISABLE_{what}": "1" for what in ("MODELS_FETCH", "AUTOUPDATE")},
            **{f"KILO_DISABLE_{what}": "1" for what in ("LSP_DOWNLOAD", "DEFAULT_PLUGINS")},
            # It would install its plugin library for each new home.
            "npm_config_registry": "http://127.0.0.1:9",
            "npm_config_fetch_retries": "0",
        }
        options = {"baseURL": f"{model.url}/v1", "apiKey": "test-key"}
        models = {"m": {"tool_call": True}}
        fake = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}
        own = {"enabled_providers": ["fake"], "provider": {"fake": fake}, "model": "fake/m"}
        usual = {"autoupdate": False, "share": "disabled", "permission": {"*": "allow"}}
        (home / ".config" / "kilo").mkdir(parents=True)
        (home / ".config" / "kilo" / "kilo.json").write_text(json.dumps({**own, **usual}))

    def session(self, cwd: Path, prompt: str, *options: str) -> str:
        """Run a session of one prompt; return what it printed."""
        return self.run("kilo", "run", *options, cwd=cwd, stdin=prompt)

    def command(self, says: str, command: str) -> Turn:
        """Return an answer of the model that runs a command."""
        return turn(says, "bash", command=command, description="Run it")

    def write(self, says: str, path: Path, text: str) -> Turn:
        """Return an answer of the model that writes a file."""
        return turn(says, "write", filePath=str(path), content=text)

    def sent(self, words: str) -> str:
        """Return what the model was last sent of a session, but for the results of tools."""
        messages: list[dict[str, object]] = self.model.asked(words).get("messages", [])
        return json.dumps([m for m in messages if m["role"] != "tool"], ensure_ascii=False)
