"""What the application makes of plugins' routes and of what goes wrong in them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
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
from codemem_core.records.seams import Route
from codemem_core.store.engine.store import Store
from codemem_viewer import lifespan
from codemem_viewer.app import create_app
from codemem_viewer.live import Live

ERRORS = {
    "lost": NotFound("no such thing: `x`"),
    "locked": StoreError("the database is locked"),
    "plugin": PluginError("a rule was broken"),
    "defect": ZeroDivisionError("secret detail"),
}


@get("/board/{name:str}")
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
    here.__dict__.update(board=board, no_router=no_router, later=later)
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
        store, plugins, settings, intake=Intake(plugins), worker=worker, live=Live(store.path)
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
        answer = client.get(f"/board/{name}")

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
        health, other = client.get("/api/health"), client.get("/board/lost")

    assert (health.status_code, other.status_code) == (200, 404)
    assert f"viewer route `{target.replace('_', '-')}` is left out" in caplog.text


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
