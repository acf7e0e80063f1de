"""The real Copilot CLI, offline: a model that answers from a script, a home with codemem set up."""

from __future__ import annotations

import json
from pathlib import Path

from agent_lab import AgentLab
from chat_model import Model, Turn, turn


class Lab(AgentLab):
    """A user's home with Copilot and codemem, and the model it talks to."""

    name = "copilot"
    hooks = (
        "sessionStart", "userPromptSubmitted", "postToolUse", "postToolUse", "postToolUse",
        "agentStop", "sessionEnd",
    )  # fmt: skip
    between = "assistantText"
    search_tool = "codemem-memory_search"
    resume = ("--continue",)

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.environ |= {
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": f"{model.url}/v1",
            "COPILOT_MODEL": "fake-model",
            "COPILOT_AUTO_UPDATE": "false",
        }

    def one_shot(self, prompt: str, *options: str) -> list[str]:
        """Return what runs a session of one prompt with every tool allowed."""
        return ["copilot", "--allow-all", *options, "-p", prompt]

    def command(self, says: str, command: str) -> Turn:
        """Return an answer of the model that runs a command."""
        return turn(says, "bash", command=command, description="Run it")

    def write(self, says: str, path: Path, text: str) -> Turn:
        """Return an answer of the model that writes a file."""
        return turn(says, "create", path=str(path), file_text=text)

    def sent(self, words: str) -> str:
        """Return what the model was last sent of a session, but for the results of tools."""
        messages: list[dict[str, object]] = self.model.asked(words).get("messages", [])
        return json.dumps([m for m in messages if m["role"] != "tool"], ensure_ascii=False)
