"""Rules for viewer routes; Litestar is the author's dependency, not the core's."""

from __future__ import annotations

from importlib import import_module

from codemem_core.testing.conformance import Rule, Subject

_GIVEN = (
    "store", "plugins", "settings", "intake", "worker", "receiving", "live", "meaning",
)  # fmt: skip
"""What a route's function may ask the viewer for, by name."""


def is_a_router_or_a_handler(subject: Subject) -> None:
    """Litestar can register nothing else."""
    assert hasattr(subject.target, "path") or hasattr(subject.target, "paths"), "it has no path"


def fits_into_an_application(subject: Subject) -> None:
    """The viewer registers it beside its own routes; a faulty signature shows then."""
    litestar, provide = import_module("litestar"), import_module("litestar.di").Provide
    dependencies = {name: provide(lambda: None, sync_to_thread=False) for name in _GIVEN}
    app = litestar.Litestar(dependencies=dependencies)
    before = len(app.routes)
    app.register(subject.target)
    assert len(app.routes) > before, "it adds no route"


RULES: tuple[Rule, ...] = (is_a_router_or_a_handler, fits_into_an_application)
