"""The application: routes from the plugins, what they may ask for, and how errors are said."""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException, LitestarException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.core import MsgspecDIPlugin

from codemem_core._version import __version__
from codemem_core.errors import (
    ChangedSince,
    CodememError,
    InputError,
    NotFound,
    PluginError,
    StoreError,
)
from codemem_core.flush.background import Background
from codemem_core.flush.followers import FollowWorker
from codemem_core.retrieval.embedding import EmbedWorker, Meaning
from codemem_viewer import frame
from codemem_viewer.api import hooks
from codemem_viewer.ingest_commit import Receiving
from codemem_viewer.lifespan import WarmUp, reading_notes, working

if TYPE_CHECKING:
    from litestar.plugins import PluginProtocol

    from codemem_core.capture.intake import Intake
    from codemem_core.config.settings import Settings
    from codemem_core.flush.worker import FlushWorker
    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.seams import Route
    from codemem_core.store.engine.store import Store
    from codemem_viewer.keys import Keys
    from codemem_viewer.live import Live

_log = logging.getLogger("codemem.viewer")
_STATUS = {InputError: 400, NotFound: 404, ChangedSince: 409, StoreError: 503}


def create_app(  # noqa: PLR0913 - what its routes may ask for, each by name
    store: Store,
    plugins: Plugins,
    settings: Settings,
    *,
    intake: Intake,
    worker: FlushWorker,
    live: Live,
    keys: Keys,
) -> Litestar:
    """Return the application, with the routes the plugins offer.

    It lets everybody in: serve it through a `Guard` only. A route's function may ask, by name, for
    `store`, `plugins`, `settings`, `intake`, `worker`, `receiving`, `live`, `keys`,
    `meaning` and `background`. `store` is open and threaded; the application starts and stops
    `worker`.
    `live` must be closed before a server waits for its connections to end. A router may name, as
    `opt={"warm_up": function}`, what is to be done in the background once the server runs.
    """
    meaning, warm_up = Meaning(plugins, settings), WarmUp()
    background = Background(store, plugins)
    embedding, following = EmbedWorker(store, meaning), FollowWorker(store, plugins)
    workers = (worker, embedding, warm_up, following, background)
    given = {
        "store": store,
        "plugins": plugins,
        "settings": settings,
        "intake": intake,
        "worker": worker,
        "live": live,
        "keys": keys,
        "meaning": meaning,
        "receiving": Receiving(store, intake, worker),
        "background": background,
    }
    app = _App(
        dependencies={name: _provide(value) for name, value in given.items()},
        exception_handlers={
            HTTPException: _say_http_error,
            CodememError: _say_error,
            Exception: _say_nothing,
        },
        lifespan=[lambda _: working(*workers), lambda _: reading_notes(store)],
        logging_config=None,
        openapi_config=_openapi(),
    )
    _add_routes(app, plugins, warm_up)
    return app


class _App(Litestar):
    """Litestar without support for models of pydantic, which it would load since `mcp` brings it.

    No route of ours has one; it is 7 MB and 80 ms of a start.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="codemem",
        version=__version__,
        path="/api/openapi",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )


def _add_routes(app: Litestar, plugins: Plugins, warm_up: WarmUp) -> None:
    """Add what plugins offer, and the paths that hosts were given before `/api/hooks/NAME`."""
    app.register(frame.router)
    for route in plugins.viewer_routes().values():
        _add(app, route, plugins, warm_up)
    for alias in hooks.hook_aliases(plugins):
        app.register(alias)


def _add(app: Litestar, route: Route, plugins: Plugins, warm_up: WarmUp) -> None:
    """Add one plugin's router; a bad one is left out and named in the log."""
    try:
        router = plugins.target(route)
        _check_addresses(router)
        app.register(router)
    except (PluginError, LitestarException) as error:
        _log.warning("viewer route `%s` is left out: %s", route.name, error)
        return
    if work := getattr(router, "opt", {}).get("warm_up"):
        warm_up.work.append(lambda: plugins.call(route, work, limit_s=math.inf))


def _check_addresses(router: object) -> None:
    """Refuse what could be read without the token: outside `/api/` the guard lets all through."""
    for route in getattr(router, "routes", ()):
        if "GET" in getattr(route, "methods", ()) and not route.path.startswith("/api/"):
            raise PluginError(f"only routes under `/api/` can be read: `{route.path}`")


def _provide(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _say_http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, str]]:
    """Litestar's own: no such route, method not allowed, a parameter of the wrong type."""
    message = error.detail.lower()
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        message = _wrong_parameter(error.extra[0])
    return Response({"error": message}, status_code=error.status_code, headers=error.headers)


def _wrong_parameter(problem: dict[str, str]) -> str:
    wanted = re.match(r"Expected `(\w+)[^`]*`(?:, got|$)", problem["message"])
    if wanted:
        return f"{problem['key']} must be {wanted[1]}"
    return f"{problem.get('key', 'request')}: {problem['message']}"


def _say_error(_: Request[Any, Any, Any], error: CodememError) -> Response[dict[str, str]]:
    """Ours: the class says whose fault it was."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    body = {"error": str(error)} | ({"hint": error.hint} if error.hint else {})
    return Response(body, status_code=status)


def _say_nothing(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """Say nothing of a defect: the log gets the traceback, the client nothing it can use."""
    _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return Response({"error": "internal server error"}, status_code=500)
