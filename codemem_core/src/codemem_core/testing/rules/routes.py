"""Rules for viewer routes; Litestar is the author's dependency, not the core's."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from codemem_core.testing.conformance import Rule, Subject

_GIVEN = (
    "store", "plugins", "settings", "intake", "worker", "receiving", "keys", "live", "meaning",
    "background",
)  # fmt: skip
"""What a route's function may ask the viewer for, by name."""


def is_a_router_or_a_handler(subject: Subject) -> None:
    """Litestar can register nothing else."""
    assert hasattr(subject.target, "path") or hasattr(subject.target, "paths"), "it has no path"


def fits_into_an_application(subject: Subject) -> None:
    """The viewer registers it beside its own routes; a faulty signature shows then."""
    app = _application()
    before = len(app.routes)
    app.register(subject.target)
    assert len(app.routes) > before, "it adds no route"


def changes_nothing_when_looked_at(subject: Subject) -> None:
    """A browser prefetches what GET answers, and other sites can make it ask."""
    for handler in _handlers(subject):
        names = {str(name).rpartition(".")[2] for name in getattr(handler, "http_methods", ())}
        wrong = names & {"GET", "HEAD"} and names - {"GET", "HEAD", "OPTIONS"}
        assert not wrong, f"one handler takes GET and {', '.join(sorted(wrong))}"


def _handlers(subject: Subject) -> list[Any]:
    app = _application()
    app.register(subject.target)
    return [each for route in app.routes for each in getattr(route, "route_handlers", ())]


def _application() -> Any:  # noqa: ANN401 - Litestar is not known here
    """Return an application that has what the viewer has to give."""
    litestar, provide = import_module("litestar"), import_module("litestar.di").Provide
    dependencies = {name: provide(lambda: None, sync_to_thread=False) for name in _GIVEN}
    return litestar.Litestar(dependencies=dependencies, openapi_config=None)


RULES: tuple[Rule, ...] = (
    is_a_router_or_a_handler,
    fits_into_an_application,
    changes_nothing_when_looked_at,
)
