"""The runtime against a server that speaks Ollama's wire format."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from codemem_ollama.chat import Ollama
from codemem_ollama.plugin import RECORD, SETTING

from codemem_core.api import ObserveRequest, PermanentError, Settings, TransientError
from codemem_core.testing import conforms
from codemem_core.testing.conformance import SAMPLE_EVIDENCE

# Without a server it has to say so, in the words of the seam.
test_ollama = conforms(
    RECORD, own_settings=[SETTING], environ={"CODEMEM_OLLAMA_URL": "http://127.0.0.1:9"}
)

QUESTION = ObserveRequest(evidence=SAMPLE_EVIDENCE, instructions="i", prompt="p", model="small")


class Server(BaseHTTPRequestHandler):
    """Answers with what the test put into `reply`."""

    reply: tuple[int, object] = (200, {})
    asked: object = None

    def do_POST(self) -> None:
        """Keep the question, give the answer."""
        Server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.reply
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def ollama() -> Iterator[Ollama]:
    """Start the server and point the runtime at it."""
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environ = {"CODEMEM_OLLAMA_URL": f"http://127.0.0.1:{server.server_port}"}
    yield Ollama(Settings.load(environ, extra=[SETTING]))
    server.shutdown()
    server.server_close()


def test_the_answer_comes_with_its_tokens(ollama: Ollama) -> None:
    """Text, model and both counters."""
    message = {"role": "assistant", "content": "<skip_summary reason='x'/>"}
    counts = {"prompt_eval_count": 12, "eval_count": 3}
    Server.reply = (200, {"model": "small:1b", "message": message, **counts})

    reply = ollama.observe(QUESTION)

    assert (reply.text, reply.model) == (message["content"], "small:1b")
    assert (reply.tokens_in, reply.tokens_out) == (12, 3)
    assert isinstance(Server.asked, dict)
    assert Server.asked["model"] == "small"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((404, {"error": "model not found"}), PermanentError),
        ((500, {}), TransientError),
        ((200, b"not json"), TransientError),
        ((200, {"done": True}), TransientError),
    ],
)
def test_failures_have_their_class(
    ollama: Ollama, reply: tuple[int, object], error: type[Exception]
) -> None:
    """A missing model stays missing; everything else may work later."""
    Server.reply = reply

    with pytest.raises(error):
        ollama.observe(QUESTION)
