"""The real Qwen Code, offline, with codemem's Claude Code plugin in it."""

from __future__ import annotations

import json
from pathlib import Path

from agent_lab import AgentLab
from chat_model import Model, Turn, turn

PLUGIN = Path(__file__).parents[2] / "codemem_claude/src/codemem_claude/claude_plugin"


class Lab(AgentLab):
    """A user's home with Qwen Code and codemem, and the model it talks to."""

    name = "qwen"
    between = "AssistantText"
    search_tool = "mcp__codemem__memory_search"

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.environ |= {
            "OPENAI_API_KEY": "test-key",
            "OPENAI_BASE_URL": f"{model.url}/v1",
            "OPENAI_MODEL": "fake-model",
        }
        settings = {
            "security": {"auth": {"selectedType": "openai"}},
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
        }
        (home / ".qwen").mkdir()
        (home / ".qwen" / "settings.json").write_text(json.dumps(settings))

    def install(self) -> None:
        """Install Claude Code's plugin as it is."""
        self.run("qwen", "extensions", "install", PLUGIN, stdin="y\n")

    def one_shot(self, prompt: str, *options: str) -> list[str]:
        """Return what runs a session of one prompt with every tool allowed."""
        return ["qwen", "--yolo", *options, "-p", prompt]

    def command(self, says: str, command: str) -> Turn:
        """Return an answer of the model that runs a command."""
        return turn(says, "run_shell_command", command=command, is_background=False)

    def write(self, says: str, path: Path, text: str) -> Turn:
        """Return an answer of the model that writes a file."""
        return turn(says, "write_file", file_path=str(path), content=text)

    def sent(self, words: str) -> str:
        """Return what the model was last sent of a session, but for the results of tools."""
        messages: list[dict[str, object]] = self.model.asked(words).get("messages", [])
        return json.dumps([m for m in messages if m["role"] != "tool"], ensure_ascii=False)
