"""One question to Ollama's chat API, with nothing but the standard library."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from codemem_core.api import ObserveRequest, ObserverReply, PermanentError, Settings, TransientError

# A small model on a laptop reads 12,000 characters in about a minute.
ANSWER_WITHIN_S = 180
MAX_REPLY_BYTES = 1024 * 1024


class Ollama:
    """The observer runtime `ollama`."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.text("ollama_url") or "http://127.0.0.1:11434")

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Ask the model; raises `TransientError` or `PermanentError`."""
        answer = self._post(
            {
                "model": request.model,
                "stream": False,
                "options": {"temperature": 0},
                "messages": [
                    {"role": "system", "content": request.instructions},
                    {"role": "user", "content": request.prompt},
                ],
            }
        )
        try:
            text = answer["message"]["content"]
        except (KeyError, TypeError) as error:
            raise TransientError("Ollama's answer has no message") from error
        return ObserverReply(
            text=str(text),
            model=answer.get("model"),
            tokens_in=int(answer.get("prompt_eval_count") or 0),
            tokens_out=int(answer.get("eval_count") or 0),
        )

    def _post(self, body: dict[str, Any]) -> Any:  # noqa: ANN401 - parsed JSON
        host, port = self._url.hostname or "127.0.0.1", self._url.port or 11434
        connection = HTTPConnection(host, port, timeout=ANSWER_WITHIN_S)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/chat", json.dumps(body), headers)
            reply = connection.getresponse()
            content = reply.read(MAX_REPLY_BYTES)
        except (OSError, HTTPException) as error:
            raise TransientError(f"Ollama does not answer at {host}:{port}: {error}") from error
        finally:
            connection.close()
        if reply.status == 404:
            raise PermanentError(f"Ollama has no model `{body['model']}`")
        if reply.status != 200:
            raise TransientError(f"Ollama answered {reply.status}")
        try:
            return json.loads(content)
        except ValueError as error:
            raise TransientError("Ollama's answer is not JSON") from error
