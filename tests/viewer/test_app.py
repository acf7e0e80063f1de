"""What the application makes of plugins' routes and of what goes wrong in them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from litestar import Litestar, Router, get
from litestar.params import FromPath
from litestar.testing import TestClient

import codemem_viewer.plugin
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.errors import NotFound, PluginError, StoreError
from codemem_core.flush.worker import FlushWorker
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.seams import Page, Route
from codemem_core.store.engine.store import Store
from codemem_viewer import lifespan
from codemem_viewer.app import create_app
from codemem_viewer.keys import Keys
from codemem_viewer.live import Live

ERRORS = {
    "lost": NotFound("no such thing: `x`"),
    "locked": StoreError("the database is locked"),
    "plugin": PluginError("a rule was broken"),
    "defect": ZeroDivisionError("secret detail"),
}


@get("/api/board/{name:str}")
async def fail(name: FromPath[str]) -> None:
    """Raise the error of that name."""
    raise ERRORS[name]


board = Router("/", route_handlers=[fail])
no_router = 42
later = Router("/later", route_handlers=[])


def plugin_with(monkeypatch: pytest.MonkeyPatch, *targets: str) -> ModuleType:
    """Return a plugin that offers these targets of this module as routes."""
    plugin = ModuleType("board_plugin")
    here = ModuleType("board_routes")
    here.__dict__.update(board=board, no_router=no_router, later=later, leaking=leaking)
    monkeypatch.setitem(__import__("sys").modules, "board_routes", here)

    @hookimpl
    def codemem_viewer_routes() -> Iterator[Route]:
        for name in targets:
            yield Route(name=name.replace("_", "-"), target=f"board_routes:{name}")

    plugin.__dict__["codemem_viewer_routes"] = codemem_viewer_routes
    return plugin


def app_with(store: Store, *modules: ModuleType) -> Litestar:
    """Return the application with these plugins."""
    settings = Settings.load({})
    plugins = Plugins.only(*modules, settings=settings)
    worker = FlushWorker(store, plugins, settings)
    return create_app(
        store,
        plugins,
        settings,
        intake=Intake(plugins),
        worker=worker,
        live=Live(store.path),
        keys=Keys("right"),
    )


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("lost", 404, "no such thing: `x`"),
        ("locked", 503, "the database is locked"),
        ("plugin", 500, "a rule was broken"),
        ("defect", 500, "internal server error"),
    ],
)
def test_errors_become_json(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, status: int, message: str
) -> None:
    """Our errors say what happened, a defect says nothing."""
    app = app_with(store, plugin_with(monkeypatch, "board"))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(f"/api/board/{name}")

    assert (answer.status_code, answer.json()) == (status, {"error": message})


@pytest.mark.parametrize("target", ["missing", "no_router"])
def test_bad_route_is_left_out(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    target: str,
) -> None:
    """A plugin's broken router costs that router and nothing else."""
    with caplog.at_level(logging.WARNING):
        app = app_with(store, plugin_with(monkeypatch, target, "board"), codemem_viewer.plugin)
    with TestClient(app) as client:
        health, other = client.get("/api/health"), client.get("/api/board/lost")

    assert (health.status_code, other.status_code) == (200, 404)
    assert f"viewer route `{target.replace('_', '-')}` is left out" in caplog.text


@get("/leak")
async def leak() -> None:
    """Stand where the guard lets everybody through."""


leaking = Router("/", route_handlers=[leak])


def test_a_route_that_the_guard_would_leave_open_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Outside `/api/` stand pages, which need no token."""
    with caplog.at_level(logging.WARNING):
        app = app_with(store, plugin_with(monkeypatch, "leaking"))

    assert "only routes under `/api/` can be read: `/leak`" in caplog.text
    assert "/leak" not in {route.path for route in app.routes}


def board_page(store: Store, settings: Settings, query: Mapping[str, str]) -> dict[str, str]:
    """Return what a plugin's page shows."""
    assert store.path
    assert not settings.problems
    return {"name": query.get("name", "nobody")}


def test_a_page_of_a_plugin_is_rendered_and_has_a_json_twin(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a template in its own package, which may use ours; the navigation names it."""
    folder = tmp_path / "board_pages" / "templates"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    source = '{% from "_memory.html" import kind %}<h1>Hello {{ name }}</h1>{{ kind("decision") }}'
    (folder / "board.html").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    page = Page(
        name="board",
        title="Board",
        template="board_pages:board.html",
        target=f"{__name__}:board_page",
    )
    plugin = ModuleType("board_plugin")

    @hookimpl
    def codemem_viewer_pages() -> list[Page]:
        return [page]

    plugin.__dict__["codemem_viewer_pages"] = codemem_viewer_pages
    with TestClient(app_with(store, plugin, codemem_viewer.plugin)) as client:
        shown = client.get("/api/pages/board?name=<b>", headers={"Accept": "text/html"})
        twin = client.get("/api/pages/board").json()
        added = client.get("/api/navigation").json()["pages"]

    assert shown.text.startswith("<h1>Hello &lt;b&gt;</h1><span")
    assert twin["name"] == "nobody"
    assert {"name": "board", "title": "Board"} in added


def test_openapi_describes_the_routes(store: Store) -> None:
    """Programs can read what there is."""
    with TestClient(app_with(store, codemem_viewer.plugin)) as client:
        paths = client.get("/api/openapi/openapi.json").json()["paths"]

    assert {"/api/raw-events", "/api/hooks/{source}", "/api/pack", "/api/stats"} <= set(paths)


def test_routes_are_warmed_up_once_the_server_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a router wants done ahead is done in the background; one that fails harms nobody."""
    monkeypatch.setattr(lifespan, "WARM_UP_S", 0)
    done = threading.Event()

    def note() -> None:
        done.set()

    monkeypatch.setitem(board.opt, "warm_up", lambda: 1 / 0)
    monkeypatch.setitem(later.opt, "warm_up", note)

    with TestClient(app_with(store, plugin_with(monkeypatch, "board", "later"))):
        assert done.wait(10)
