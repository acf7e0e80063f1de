"""The real Gemini CLI, offline: a model that answers from a script, a home with codemem set up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from agent_lab import AgentLab
from chat_model import INJECTED, Model, Turn, turn


class GeminiModel(Model):
    """The same scripts over Gemini's API: `contents` of parts, answers as server-sent events."""

    def _answer(self, body: Mapping[str, Any]) -> Turn:
        contents = body["contents"]
        for words, turns in self.scripts.items():
            places = [i for i, content in enumerate(contents) if _says(content, words)]
            if places:
                later = contents[places[-1] :]
                done = sum(content["role"] == "model" for content in later)
                return turns[done] if done < len(turns) else Turn("All right.")
        return Turn("All right.")

    def _door(model) -> type[BaseHTTPRequestHandler]:
        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                reply = json.dumps(_reply(model._answer(body), len(model.requests)))
                self.send_response(200)
                is_stream = "streamGenerateContent" in self.path
                kind = "text/event-stream" if is_stream else "application/json"
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write((f"data: {reply}\n\n" if is_stream else reply).encode())

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Door


def _says(content: Mapping[str, Any], words: str) -> bool:
    """Say whether the user said some words, whatever hooks added."""
    if content["role"] != "user":
        return False
    texts = [part["text"] for part in content["parts"] if "text" in part]
    return any(words in INJECTED.sub("", text) for text in texts)


def _reply(turn: Turn, number: int) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": turn.says}]
    if turn.tool:
        call = {"id": f"call_{number}", "name": turn.tool, "args": dict(turn.arguments)}
        parts.append({"functionCall": call})
    content = {"role": "model", "parts": parts}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 12}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage}


class Lab(AgentLab):
    """A user's home with Gemini CLI and codemem, and the model it talks to."""

    name = "gemini"
    hooks = (
        "SessionStart", "BeforeAgent", "AfterTool", "AfterTool", "AfterTool", "AfterAgent",
        "SessionEnd",
    )  # fmt: skip
    between = "AssistantText"
    search_tool = "mcp_codemem_memory_search"
    resume = ("--resume", "latest")

    def __init__(self, home: Path, programs: Path, model: Model) -> None:
        super().__init__(home, programs, model)
        self.environ |= {
            "GEMINI_API_KEY": "test-key",
            "GOOGLE_GEMINI_BASE_URL": model.url,
            "GEMINI_CLI_NO_RELAUNCH": "1",
        }
        settings = {
            "security": {
                "auth": {"selectedType": "gemini-api-key"},
                "folderTrust": {"enabled": False},
            },
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False},
        }
        (home / ".gemini").mkdir()
        (home / ".gemini" / "settings.json").write_text(json.dumps(settings))

    def one_shot(self, prompt: str, *options: str) -> list[str]:
        """Return what runs a session of one prompt with every tool allowed."""
        return ["gemini", "--yolo", "-m", "gemini-2.5-pro", *options, "-p", prompt]

    def command(self, says: str, command: str) -> Turn:
        """Return an answer of the model that runs a command."""
        return turn(says, "run_shell_command", command=command)

    def write(self, says: str, path: Path, text: str) -> Turn:
        """Return an answer of the model that writes a file."""
        return turn(says, "write_file", file_path=str(path), content=text)

    def sent(self, words: str) -> str:
        """Return what the model was last sent of a session, but for the results of tools."""
        contents: list[dict[str, Any]] = self.model.asked(words).get("contents", [])
        texts = [part["text"] for each in contents for part in each["parts"] if "text" in part]
        return "\n".join(texts)
