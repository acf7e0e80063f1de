"""Nobody without the right gets past the guard, whatever the route."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from litestar import Litestar

import codemem_viewer.plugin
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.flush.worker import FlushWorker
from codemem_core.plugins.registry import Plugins
from codemem_core.store.engine.store import Store
from codemem_viewer.app import create_app
from codemem_viewer.guard import HEADERS, Door, Guard
from codemem_viewer.live import Live

PAGES = (
    *("/", "/memory", "/sessions", "/session", "/inspector"),
    *("/health", "/usage", "/settings", "/plugins", "/rules"),
)
FILES = ("app.js", "key.js", "list.js", "live.js", "favicon.svg", "app.css")
VIEWS = (
    *("feed", "health", "inspector", "memory", "plugins", "rules"),
    *("session", "sessions", "settings", "usage"),
)
# Who may call what: a route that is not in this table fails the test below.
ROUTES = {
    **{("GET", path): "anybody" for path in ("/api/health", *PAGES)},
    **{("GET", f"/assets/{name}"): "anybody" for name in FILES},
    **{("GET", f"/api/pages/{name}"): "token" for name in VIEWS},
    ("POST", "/api/pages/inspector"): "token",
    ("GET", "/api/artifacts"): "token",
    ("GET", "/api/batches"): "token",
    ("POST", "/api/batches/{batch:int}/bury"): "token",
    ("POST", "/api/batches/{batch:int}/retry"): "token",
    ("POST", "/api/changes/{entry:int}/undo"): "token",
    ("POST", "/api/hooks/{source:str}"): "token",
    ("GET", "/api/config"): "token",
    ("POST", "/api/config"): "token",
    ("GET", "/api/memories"): "token",
    ("GET", "/api/memories/{memory_id:int}"): "token",
    ("POST", "/api/memories/{memory_id:int}/confirm"): "token",
    ("POST", "/api/memories/{memory_id:int}/edit"): "token",
    ("POST", "/api/memories/{memory_id:int}/forget"): "token",
    ("POST", "/api/memories/{memory_id:int}/pin"): "token",
    ("POST", "/api/memories/{memory_id:int}/restore"): "token",
    ("POST", "/api/memories/visibility"): "token",
    ("GET", "/api/memory"): "token",
    ("POST", "/api/near"): "token",
    ("GET", "/api/observations"): "token",
    ("GET", "/api/openapi"): "token",
    ("GET", "/api/openapi/openapi.json"): "token",
    ("GET", "/api/openapi/{path:str}"): "token",
    ("GET", "/api/pack"): "token",
    ("POST", "/api/pack"): "token",
    ("GET", "/api/projects"): "token",
    ("GET", "/api/raw-events"): "token",
    ("POST", "/api/raw-events"): "token",
    ("GET", "/api/raw-events/status"): "token",
    ("GET", "/api/session"): "token",
    ("GET", "/api/sessions"): "token",
    ("GET", "/api/stats"): "token",
    ("GET", "/api/stream"): "token",
    ("GET", "/api/summaries"): "token",
    ("GET", "/api/usage"): "token",
}
DOOR = Door.tcp("127.0.0.1", 38888, token="right")

# Each header's values with what they do to a request: nothing (None) or a status.
HOSTS = {
    "127.0.0.1:38888": None,
    "localhost:38888": None,
    "127.0.0.1": 421,
    "127.0.0.1:38889": 421,
    "localhost": 421,
    "localhost.:38888": 421,
    "0.0.0.0:38888": 421,
    "[::1]:38888": 421,
    "evil.example:38888": 421,
    None: 421,
}
ORIGINS = {
    None: None,
    "http://127.0.0.1:38888": None,
    "http://localhost:38888": None,
    "http://localhost:3000": 403,
    "https://localhost:38888": 403,
    "http://evil.example": 403,
    "null": 403,
}
SITES = {None: None, "same-origin": None, "none": None, "same-site": 403, "cross-site": 403}
TOKENS = {"Bearer right": None, "Bearer wrong": 401, "right": 401, "Basic right": 401, None: 401}
KINDS = {
    "application/json": None,
    "application/json; charset=utf-8": None,
    "text/plain": 415,
    "text/plain;application/json": 415,
    "application/x-www-form-urlencoded": 415,
    None: 415,
}


@pytest.fixture
def app(store: Store) -> Litestar:
    """Return the application with our own routes."""
    settings = Settings.load({})
    plugins = Plugins.only(codemem_viewer.plugin, settings=settings)
    worker = FlushWorker(store, plugins, settings)
    return create_app(
        store, plugins, settings, intake=Intake(plugins), worker=worker, live=Live(store.path)
    )


def test_every_route_says_who_may_call_it(app: Litestar) -> None:
    """The table above is the list of routes."""
    routes = {(method, route.path) for route in app.routes for method in route.methods}

    assert {route for route in routes if route[0] != "OPTIONS"} == set(ROUTES)


def headers_of(**given: str | None) -> list[tuple[bytes, bytes]]:
    """Return ASGI headers; None leaves one out."""
    return [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in given.items()
        if value is not None
    ]


async def status_of(
    guard: Guard, method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> tuple[int, dict[bytes, bytes]]:
    """Send one request without a body through the guard."""
    answer: dict[str, Any] = {}
    told = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return told.pop() if told else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.update(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 38888),
        "state": {},
    }
    await guard(scope, receive, send)
    return answer["status"], dict(answer["headers"])


def expected(who: str, method: str, problems: dict[str, int | None]) -> int | None:
    """Return the status a request must get, None when it must get through."""
    if who == "anybody":
        problems = problems | {"token": None}
    if method in {"GET", "OPTIONS"}:
        problems = problems | {"kind": None}
    order = ("host", "origin", "site", "token", "kind")
    return next((status for name in order if (status := problems[name])), None)


def mistakes(app: Litestar, door: Door, route: tuple[str, str]) -> list[tuple[Any, ...]]:
    """Try Host x Origin x Sec-Fetch-Site x token x content type; return what came out wrong."""
    guard = Guard(app, door)
    wrong = []

    async def try_all() -> None:
        for host, origin, site, token, kind in product(HOSTS, ORIGINS, SITES, TOKENS, KINDS):
            problems = {
                "host": HOSTS[host],
                "origin": ORIGINS[origin],
                "site": SITES[site],
                "token": TOKENS[token],
                "kind": KINDS[kind],
            }
            want = expected(ROUTES.get(route, "token"), route[0], problems)
            given = {"host": host, "origin": origin, "sec_fetch_site": site}
            headers = headers_of(**given, authorization=token, content_type=kind)
            got, answered = await status_of(guard, *route, headers)
            right = got == want if want else got < 500 and got not in {401, 403, 415, 421}
            if not right or not HEADERS.items() <= answered.items():
                wrong.append((host, origin, site, token, kind, want, got))

    asyncio.run(try_all())
    return wrong


@pytest.mark.parametrize("route", [*ROUTES, ("OPTIONS", "/api/raw-events")], ids=" ".join)
def test_every_combination_gets_what_the_table_says(app: Litestar, route: tuple[str, str]) -> None:
    """10,500 requests for each route."""
    assert not mistakes(app, DOOR, route)


@pytest.mark.parametrize(
    "weaker",
    [
        replace(DOOR, token=None),
        replace(DOOR, hosts=DOOR.hosts | {b"localhost"}),
        replace(DOOR, origins=DOOR.origins | {b"http://localhost:3000"}),
    ],
    ids=["no token", "host without port", "another port's page"],
)
def test_table_notices_a_weaker_door(app: Litestar, weaker: Door) -> None:
    """The test above can fail."""
    assert mistakes(app, weaker, ("POST", "/api/pack"))


@pytest.mark.parametrize("name", ["host", "authorization", "content-type", "sec-fetch-site"])
def test_a_header_sent_twice_is_refused(app: Litestar, name: str) -> None:
    """Which of the two a later reader takes is nobody's guess."""
    headers = headers_of(
        host="localhost:38888",
        authorization="Bearer right",
        content_type="application/json",
        sec_fetch_site="none",
    )
    second = (name.encode(), b"evil.example:38888")

    status, _ = asyncio.run(status_of(Guard(app, DOOR), "POST", "/api/pack", [*headers, second]))

    assert status in {401, 403, 415, 421}


@pytest.mark.parametrize(
    "path",
    ["/api/health/", "//api/health", "/api/health/../stats", "/API/health", "api/health", "*", ""],
)
def test_open_path_is_exact(app: Litestar, path: str) -> None:
    """Nothing that only looks like the open route is open."""
    headers = headers_of(host="localhost:38888")

    status, _ = asyncio.run(status_of(Guard(app, DOOR), "GET", path, headers))

    assert status == 401


def test_websocket_is_refused_like_a_request(app: Litestar) -> None:
    """A websocket without the token is closed before it is accepted."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = headers_of(host="localhost:38888", origin="http://localhost:38888")
    scope = {"type": "websocket", "path": "/api/health", "headers": headers}
    asyncio.run(Guard(app, DOOR)({**scope, "path": "/api/stream"}, receive, send))

    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_slow_body_is_cut_off(app: Litestar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never ends its body does not hold a place for ever."""
    monkeypatch.setattr("codemem_viewer.guard.BODY_S", 0.01)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = headers_of(
        host="localhost:38888", authorization="Bearer right", content_type="application/json"
    )
    scope = {"type": "http", "method": "POST", "path": "/api/pack", "headers": headers}
    asyncio.run(Guard(app, DOOR)(scope, receive, send))

    assert sent[0]["status"] == 408


# --- the same over a real socket -----------------------------------------------------------------


@pytest.fixture
def wire(served: Any) -> Iterator[http.client.HTTPConnection]:
    """Return a plain connection to the TCP door."""
    connection = http.client.HTTPConnection(urlsplit(served.url()).netloc, timeout=10)
    yield connection
    connection.close()


def test_health_is_open_and_says_little(wire: http.client.HTTPConnection) -> None:
    """Name and version, and the headers of every answer."""
    wire.request("GET", "/api/health")
    answer = wire.getresponse()

    assert answer.status == 200
    assert answer.read() == b'{"name":"codemem","version":"1.0.0"}'
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers


def test_tcp_wants_the_token_and_the_socket_does_not(served: Any) -> None:
    """The same route, by both doors."""
    with served.tcp() as known, served.tcp(Authorization="Bearer no") as unknown:
        assert known.get("/api/stats").status_code == 200
        assert unknown.get("/api/stats").status_code == 401
        assert unknown.get("/api/stats").json() == {"error": "token required"}
    with served.unix() as client:
        assert client.get("/api/stats").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1"}, 200),
    ],
)
def test_wrong_headers_are_refused_on_the_wire(
    served: Any, headers: dict[str, str], status: int
) -> None:
    """What the table says holds through the HTTP server too."""
    with served.tcp(**headers) as client:
        assert client.get("/api/stats").status_code == status


def test_browser_is_refused_on_the_socket(served: Any) -> None:
    """A page that got there through some proxy has an Origin, and none is right."""
    with served.unix() as client:
        answer = client.get("/api/stats", headers={"Origin": "http://localhost"})
        elsewhere = client.get("/api/stats", headers={"Host": "evil.example"})

    assert (answer.status_code, elsewhere.status_code) == (403, 421)


def test_request_that_claims_the_socket_is_not_believed(served: Any) -> None:
    """By which door a request came is the listener's word, not the request's."""
    with served.tcp(Authorization="", Host="localhost") as client:
        assert client.get("/api/stats").status_code == 421
