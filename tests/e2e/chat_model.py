"""Chat completions on the loopback, as OpenAI's API streams them, answered from a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

INJECTED = re.compile(r"(?:<|&lt;)(codemem-memory-\w+)\b.*?(?:<|&lt;)/\1", re.DOTALL)
"""What codemem told: it may quote the prompt of an earlier session."""
_TITLE = "You are a title generator"
_OWN_MEMORY = "managed memory extraction subagent"
"""Qwen Code reads a session that ended for a memory of its own: not the session's request."""


@dataclass(frozen=True)
class Turn:
    """One answer of the model: some words, then at most one tool call."""

    says: str
    tool: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)


def turn(says: str, tool: str = "", **arguments: object) -> Turn:
    """Return one answer of the model."""
    return Turn(says, tool, arguments)


class Model:
    """What it answers depends on words in the conversation."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.scripts: dict[str, Sequence[Turn]] = {}
        """Words of a user's prompt → the turns that follow it."""
        self.observation = ""
        """What it answers when it is asked as an observer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def asked(self, words: str) -> dict[str, Any]:
        """Return the last request of the agent in which somebody said `words`."""
        sent = [b for b in self.requests if _is_session(b) and words in json.dumps(b)]
        return sent[-1] if sent else {}

    def observing(self) -> list[dict[str, Any]]:
        """Return the requests of an observer: without tools, and no titles."""
        bare = [body for body in self.requests if not body.get("tools")]
        return [body for body in bare if _TITLE not in json.dumps(body["messages"][0])]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, body: Mapping[str, Any]) -> Turn:
        if not body.get("tools"):
            is_title = _TITLE in json.dumps(body["messages"][0])
            return Turn("A title" if is_title else self.observation or "All right.")
        if not _is_session(body):
            return Turn("Nothing to keep.")
        messages = body["messages"]
        for words, turns in self.scripts.items():
            # Turns are counted from the prompt: a resumed session has others before it.
            places = [i for i, message in enumerate(messages) if _says(message, words)]
            if places:
                done = sum(message["role"] == "assistant" for message in messages[places[-1] :])
                return turns[done] if done < len(turns) else Turn("All right.")
        return Turn("All right.")

    def _door(model) -> type[BaseHTTPRequestHandler]:
        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                chunks = _chunks(model._answer(body), body["model"], len(model.requests))
                raw = b"".join(b"data: " + json.dumps(c).encode() + b"\n\n" for c in chunks)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.wfile.write(raw + b"data: [DONE]\n\n")

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Door


def _is_session(body: Mapping[str, Any]) -> bool:
    """Say whether a request is of a session: it has tools, and no task of the client's own."""
    return bool(body.get("tools")) and _OWN_MEMORY not in json.dumps(body)


def _says(message: Mapping[str, Any], words: str) -> bool:
    """Say whether the user said some words, whatever the client put around them."""
    if message["role"] != "user":
        return False
    return words in INJECTED.sub("", json.dumps(message["content"], ensure_ascii=False))


def _chunks(turn: Turn, model: str, number: int) -> Iterator[dict[str, Any]]:
    chunk = {"id": f"c{number}", "object": "chat.completion.chunk", "model": model}
    delta: dict[str, Any] = {"role": "assistant", "content": turn.says}
    if turn.tool:
        function = {"name": turn.tool, "arguments": json.dumps(turn.arguments)}
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        delta["tool_calls"] = [call]
    finish = "tool_calls" if turn.tool else "stop"
    yield {**chunk, "choices": [{"index": 0, "delta": delta}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    yield {**chunk, "choices": [], "usage": usage}
