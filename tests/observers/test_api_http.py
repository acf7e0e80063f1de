"""A model over HTTP, against endpoints on loopback that speak the true wire format."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import (
    AuthError,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
)
from codemem_core.observers.observe import Observing
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import Credential, ObserveRequest
from codemem_observers import plugin
from codemem_observers.api_http import ApiHttp
from codemem_observers.settings import SETTINGS

CANARY = "sk-canary-7f3a"
CHAT = {
    "model": "qwen3:8b",
    "choices": [{"message": {"role": "assistant", "content": "TEXT"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3},
}
MESSAGES = {
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "TEXT"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "output_tokens": 3},
}


@dataclass
class Reply:
    """One scripted answer."""

    status: int = 200
    body: Any = field(default_factory=lambda: CHAT)
    headers: dict[str, str] = field(default_factory=dict)
    hang: str = ""
    """`before` the first byte or `between` bytes; until the test ends."""

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Endpoint(ThreadingHTTPServer):
    """Gives its replies in turn, or what `answer` makes of a request, and keeps the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = []
        self.answer: Callable[[Any], Reply] = lambda _: self.replies.pop(0)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        """Keep the request and play the next reply."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        reply = self.server.answer(body)
        if reply.hang == "before":
            self.server.over.wait(30)
            return
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.content)))
        self.end_headers()
        with suppress(OSError):  # the client has gone, as it should
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.hang != "between":
            self.wfile.write(reply.content)
            return
        for byte in reply.content:
            self.wfile.write(bytes([byte]))
            if self.server.over.wait(0.05):
                return

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """Run an endpoint in a thread; whatever proxy the machine has is not for loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


def ask(endpoint: Endpoint, *replies: Reply, total_s: float = 30.0, **settings: str) -> Any:
    """Ask once, with a credential, while the endpoint plays these replies."""
    endpoint.replies += replies
    settings = {"observer_base_url": endpoint.url, "observer_model": "qwen3:8b"} | settings
    environ = {f"CODEMEM_{name.upper()}": value for name, value in settings.items()}
    request = ObserveRequest(
        evidence=Evidence(source="claude", stream_id="s1"),
        instructions="RULES",
        prompt="EVENTS",
        model=settings["observer_model"],
        credential=Credential(CANARY),
    )
    runtime = ApiHttp(Settings.load(environ, extra=SETTINGS), silence_s=0.5, total_s=total_s)
    return runtime.observe(request)


def test_chat_completions(endpoint: Endpoint) -> None:
    """A compatible server gets its form of request, and its answer is read."""
    reply = ask(endpoint, Reply())

    assert (reply.text, reply.model, reply.tokens_in, reply.tokens_out) == (
        "TEXT",
        "qwen3:8b",
        9,
        3,
    )
    path, headers, body = endpoint.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert [message["content"] for message in body["messages"]] == ["RULES", "EVENTS"]
    assert body["max_tokens"] == 4000


def test_anthropic_messages(endpoint: Endpoint) -> None:
    """Anthropic's form has its own headers and its own place for instructions."""
    reply = ask(
        endpoint,
        Reply(body=MESSAGES),
        observer_provider="anthropic",
        observer_model="claude-4.5-haiku",
    )

    assert (reply.text, reply.tokens_in) == ("TEXT", 9)
    path, headers, body = endpoint.requests[0]
    assert path == "/v1/messages"
    assert headers["x-api-key"] == CANARY
    assert headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in headers
    assert (body["model"], body["system"]) == ("claude-haiku-4-5", "RULES")


def test_the_users_headers_stand_over_ours(endpoint: Endpoint) -> None:
    """A gateway may want the token in another form."""
    endpoint.replies.append(Reply())
    request = ObserveRequest(
        evidence=Evidence(source="claude", stream_id="s1"),
        instructions="",
        prompt="",
        model="m",
        credential=Credential(CANARY),
        headers={"authorization": "Token other", "X-Team": "blue"},
    )

    ApiHttp(Settings.load({"CODEMEM_OBSERVER_BASE_URL": endpoint.url}, extra=SETTINGS)).observe(
        request
    )

    _, headers, _ = endpoint.requests[0]
    assert (headers["authorization"], headers["x-team"]) == ("Token other", "blue")


def test_a_refused_token_is_read_again(endpoint: Endpoint, tmp_path: Path) -> None:
    """With the real plugin: 401, the token file read anew, then the answer."""
    token = tmp_path / "token"
    token.write_text(CANARY)
    settings = Settings.load(
        {
            "CODEMEM_OBSERVER_BASE_URL": endpoint.url,
            "CODEMEM_OBSERVER_MODEL": "qwen3:8b",
            "CODEMEM_OBSERVER_AUTH_SOURCE": "file",
            "CODEMEM_OBSERVER_AUTH_FILE": str(token),
        },
        extra=SETTINGS,
    )
    answer = json.loads(json.dumps(CHAT).replace("TEXT", "<skip_summary/>"))
    endpoint.replies = [Reply(body=answer), Reply(401), Reply(body=answer)]
    observing = Observing(Plugins.only(plugin, settings=settings), settings)
    evidence = Evidence(source="claude", stream_id="s1")
    observing.observe(evidence)

    token.write_text("renewed")
    observed = observing.observe(evidence)

    assert (observed.runtime, observed.auth) == ("api_http", "file")
    sent = [headers["authorization"] for _, headers, _ in endpoint.requests]
    assert sent == [f"Bearer {CANARY}", f"Bearer {CANARY}", "Bearer renewed"]


NOT_FOUND = {"error": {"type": "not_found_error", "message": f"no model for {CANARY}"}}
QUOTA = {"error": {"code": "insufficient_quota", "message": "pay"}}
ECHO = {"error": {"code": CANARY, "message": CANARY}}


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(401, ECHO), AuthError, "401"),
        (Reply(403, b"<html>no</html>"), AuthError, "403"),
        (Reply(404, NOT_FOUND), Misconfigured, r"404 \(not_found_error\) for model `qwen3:8b`"),
        (Reply(429, QUOTA), RateLimited, "insufficient_quota"),
        (Reply(307, b"", {"location": "http://127.0.0.1:1/"}), Misconfigured, "307"),
        (Reply(408), TransientError, "408"),
        (Reply(500, ECHO), TransientError, "500"),
        (
            Reply(529, {"type": "error", "error": {"type": "overloaded_error"}}),
            TransientError,
            "529",
        ),
        (Reply(503, b"", {"retry-after": "7"}), RateLimited, "503"),
        (Reply(200, b"<html>Log in to the network</html>"), TransientError, "not a JSON object"),
        (Reply(200, b"[" * 100_000), TransientError, "not a JSON object"),
        (Reply(200, b"\xff\xfe"), TransientError, "not a JSON object"),
        (Reply(200, {"choices": []}), TransientError, "no text"),
        (Reply(200, b" " * 5_000_000), PermanentError, "longer than"),
        (Reply(200, CHAT, {"content-encoding": "gzip"}), TransientError, "DecodingError"),
        (Reply(hang="before"), TransientError, "ReadTimeout"),
        (Reply(404, b"404 page not found"), Misconfigured, "at `http://127.0.0.1:.*/v1/chat/comp"),
    ],
    ids=lambda value: f"{value.status}-{value.hang}" if isinstance(value, Reply) else None,
)
def test_every_failure_has_its_class_and_tells_no_secret(
    endpoint: Endpoint,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    error: type[ObserverError],
    says: str,
) -> None:
    """What the queue does next depends on the class; nothing the server echoes is repeated."""
    caplog.set_level(logging.DEBUG)

    with pytest.raises(error, match=says) as caught:
        ask(endpoint, reply)

    assert type(caught.value) is error
    assert caught.value.may_have_cost == (reply.status == 200)
    assert len(endpoint.requests) == 1
    told = f"{caught.value!r} {caught.value} {caught.value.__context__!r} {caught.value.hint}"
    assert CANARY not in told + caplog.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("12", 12.0), ("0.5", 0.5), ("9e999", 86_400.0), ("", None), ("soon", None), ("-3", None)],
)
def test_retry_after_is_read(endpoint: Endpoint, value: str, seconds: float | None) -> None:
    """Seconds as they stand; what is no time asks for nothing."""
    with pytest.raises(RateLimited) as caught:
        ask(endpoint, Reply(429, headers={"retry-after": value}))

    assert caught.value.retry_after_s == seconds


def test_retry_after_may_be_a_date(endpoint: Endpoint) -> None:
    """A date becomes the seconds until then."""
    date = formatdate(time.time() + 60, usegmt=True)

    with pytest.raises(RateLimited) as caught:
        ask(endpoint, Reply(429, headers={"retry-after": date}))

    assert caught.value.retry_after_s is not None
    assert 0 < caught.value.retry_after_s <= 60


def test_a_slow_drip_ends_too(endpoint: Endpoint) -> None:
    """Each byte comes in time, but the whole answer has its limit."""
    with pytest.raises(TransientError, match="too long"):
        ask(endpoint, Reply(hang="between"), total_s=0.3)


def test_nobody_there(endpoint: Endpoint) -> None:
    """A server that is down is worth another try."""
    with pytest.raises(TransientError, match="ConnectError") as caught:
        ask(endpoint, observer_base_url="http://127.0.0.1:1/v1")

    assert not caught.value.may_have_cost


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", f"https://user:{CANARY}@x.example", "gateway.example", "http://[::1"],
)
def test_an_address_that_is_none_is_refused(endpoint: Endpoint, url: str) -> None:
    """Nothing is sent, and a password in the address is not shown."""
    with pytest.raises(Misconfigured, match="observer_base_url") as caught:
        ask(endpoint, observer_base_url=url)

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        ({"error": {"message": "No auth credentials found", "code": 401}}, AuthError, "error 401"),
        ({"error": {"message": "Rate limit exceeded", "code": 429}}, RateLimited, "error 429"),
        (
            {"error": {"message": "Upstream error", "code": 502}, "choices": None},
            TransientError,
            "502",
        ),
        ({"type": "error", "error": {"type": "overloaded_error"}}, TransientError, "overloaded"),
        ({"error": "Unexpected endpoint or method. (POST /chat)"}, Misconfigured, "at `http"),
        ({"error": {"message": "no models loaded"}}, Misconfigured, "an error"),
        ({"choices": [{"error": {"code": 429, "message": "busy"}}]}, RateLimited, "error 429"),
        ([{"error": {"code": 400, "message": "API key not valid."}}], AuthError, "error 400"),
    ],
)
def test_an_error_inside_a_200_is_classed_by_what_it_says(
    endpoint: Endpoint, body: Any, error: type[ObserverError], says: str
) -> None:
    """Gateways and local servers answer so; nothing was written, so nothing was paid for."""
    with pytest.raises(error, match=says) as caught:
        ask(endpoint, Reply(200, body))

    assert type(caught.value) is error
    assert not caught.value.may_have_cost


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Your credit balance is too low to access the API", Misconfigured),
        ("qwen9 is not a valid model ID", Misconfigured),
        ("Invalid model name passed in model=x", Misconfigured),
        ("API key not valid. Please pass a valid API key.", AuthError),
        ("something else altogether", PermanentError),
    ],
)
def test_a_400_is_classed_by_what_it_says(
    endpoint: Endpoint, message: str, error: type[ObserverError]
) -> None:
    """A key, a name or an account that a person has to mend does not cost the batch."""
    refusal = Reply(400, {"error": {"message": message}})

    with pytest.raises(error) as caught:
        ask(endpoint, refusal, refusal)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        (
            "/openai/deployments/d?api-version=2024-10-21",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
        (
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
            "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_a_base_url_may_be_the_whole_address(endpoint: Endpoint, base: str, path: str) -> None:
    """Azure's portal shows it so, with the version of its API behind it."""
    ask(endpoint, Reply(), observer_base_url=endpoint.url.removesuffix("/v1") + base)

    assert endpoint.requests[0][0] == path
