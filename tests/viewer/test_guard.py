"""Nobody without the right gets past the guard, whatever the route."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from typing import Any

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
from codemem_viewer.keys import Keys
from codemem_viewer.live import Live

FILES = (
    *("app.css", "pages.css", "favicon.svg"),
    *("app.js", "key.js", "list.js", "live.js", "rows.js", "shortcuts.js"),
)
VIEWS = (
    *("home", "health", "inspector", "memories", "memory", "plugins"),
    *("session", "sessions", "settings", "usage", "{name:str}"),
)
# Who may call what: a route that is not in this table fails the test below.
ROUTES = {
    **{("GET", path): "anybody" for path in ("/", "/{page:path}", "/api/health")},
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
    ("POST", "/api/links"): "token",
    ("POST", "/api/links/open"): "anybody",
    ("POST", "/api/memories/{memory_id:int}/confirm"): "token",
    ("POST", "/api/memories/{memory_id:int}/edit"): "token",
    ("POST", "/api/memories/{memory_id:int}/forget"): "token",
    ("POST", "/api/memories/{memory_id:int}/pin"): "token",
    ("POST", "/api/memories/{memory_id:int}/restore"): "token",
    ("POST", "/api/memories/many/confirm"): "token",
    ("POST", "/api/memories/many/forget"): "token",
    ("POST", "/api/memories/many/pin"): "token",
    ("POST", "/api/memories/visibility"): "token",
    ("GET", "/api/memory"): "token",
    ("POST", "/api/near"): "token",
    ("GET", "/api/navigation"): "token",
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
    ("POST", "/api/review/{proposal:int}/accept"): "token",
    ("POST", "/api/review/{proposal:int}/reject"): "token",
    ("GET", "/api/session"): "token",
    ("GET", "/api/sessions"): "token",
    ("GET", "/api/metrics"): "token",
    ("GET", "/api/stats"): "token",
    ("GET", "/api/stream"): "token",
    ("GET", "/api/summaries"): "token",
    ("GET", "/api/usage"): "token",
}
KEYS = Keys("right")
DOOR = Door.tcp("127.0.0.1", 38888, keys=KEYS)

# Each header's values with what they do to a request: nothing (None) or a status.
HOSTS = {
    "127.0.0.1:38888": None,
    "localhost:38888": None,
    "127.0.0.1": 421,
    "127.0.0.1:38889": 421,
    "localhost": 421,
    "localhost.:38888": 421,
    "0.0.0.0:38888": 421,
    "[::1]:38888": None,
    "[::1]": 421,
    "evil.example:38888": 421,
    None: 421,
}
ORIGINS = {
    None: None,
    "http://127.0.0.1:38888": None,
    "http://localhost:38888": None,
    "http://[::1]:38888": None,
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
        store,
        plugins,
        settings,
        intake=Intake(plugins),
        worker=worker,
        live=Live(store.path),
        keys=KEYS,
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


Headers = tuple[str | None, ...]
ALL = list(product(HOSTS, ORIGINS, SITES, TOKENS, KINDS))
RIGHT: Headers = ("localhost:38888", None, "same-origin", "Bearer right", "application/json")
ONE_WRONG = [each for each in ALL if sum(a != b for a, b in zip(each, RIGHT, strict=True)) <= 1]


def mistakes(
    app: Litestar, door: Door, route: tuple[str, str], tried: list[Headers]
) -> list[tuple[Any, ...]]:
    """Try Host, Origin, Sec-Fetch-Site, token and content type; return what came out wrong."""
    guard = Guard(app, door)
    wrong = []

    async def try_all() -> None:
        for host, origin, site, token, kind in tried:
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
            path = route[1].replace("{page:path}", "some/page")
            got, answered = await status_of(guard, route[0], path, headers)
            right = got == want if want else got < 500 and got not in {401, 403, 415, 421}
            if not right or not HEADERS.items() <= answered.items():
                wrong.append((host, origin, site, token, kind, want, got))

    asyncio.run(try_all())
    return wrong


@pytest.mark.parametrize(
    "route",
    [("POST", "/api/raw-events"), ("GET", "/api/memories"), ("GET", "/"), ("OPTIONS", "/api/pack")],
    ids=" ".join,
)
def test_every_combination_gets_what_the_table_says(app: Litestar, route: tuple[str, str]) -> None:
    """The guard knows methods and open paths, no routes: one of each kind stands for all."""
    assert not mistakes(app, DOOR, route, ALL)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_one_wrong_header_closes_every_route(app: Litestar, route: tuple[str, str]) -> None:
    """Whatever a route does, it is behind the same door."""
    assert not mistakes(app, DOOR, route, ONE_WRONG)


def test_every_page_has_the_open_frame_and_nothing_else_has(app: Litestar) -> None:
    """A route of a plugin outside `/api/` would be open: none is let in."""
    outside = [route.path for route in app.routes if not route.path.startswith("/api/")]

    assert sorted(outside) == sorted(["/", "/{page:path}", *(f"/assets/{name}" for name in FILES)])


@pytest.mark.parametrize(
    "weaker",
    [
        replace(DOOR, keys=None),
        replace(DOOR, hosts=DOOR.hosts | {b"localhost"}),
        replace(DOOR, origins=DOOR.origins | {b"http://localhost:3000"}),
    ],
    ids=["no token", "host without port", "another port's page"],
)
def test_table_notices_a_weaker_door(app: Litestar, weaker: Door) -> None:
    """The test above can fail."""
    assert mistakes(app, weaker, ("POST", "/api/pack"), ALL)


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
    [
        *("/api/health/", "//api/health", "/api/health/../stats", "/API/health", "api/health"),
        *("*", "", "//", "//api/stats", "/../api/stats", "/./api/stats", "/x//api/stats", "/x/.."),
        *("/api", "/Api/stats", "/assets/", "/assets/../api/stats", "/a%2fb", "/\u017fession"),
    ],
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
