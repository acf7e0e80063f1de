"""What the viewer offers: its routes and the command that serves them."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import READ, SERVICE, Command, Page, Route


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer the server and its pages."""
    yield Command(
        name="open",
        target="codemem_viewer.open_pages:open_",
        help="Open the pages in a browser.",
        group=READ,
    )
    yield Command(
        name="serve",
        target="codemem_viewer.serve:serve",
        help="Start, stop and inspect the server.",
        group=SERVICE,
    )


_API = (
    *("batches", "changes", "config", "health", "hooks", "links", "memories", "metrics", "near"),
    *("pack", "raw_events", "review", "sessions", "stats", "stream", "usage"),
)
_VIEWS = (
    *("added", "health", "home", "inspector", "memories", "memory", "plugins"),
    *("sessions", "settings", "usage"),
)


@hookimpl
def codemem_viewer_routes() -> Iterator[Route]:
    """Offer the pages and the API."""
    for name in _VIEWS:
        yield Route(name=f"{name}-page", target=f"codemem_viewer.views.{name}_page:router")
    for name in _API:
        route = name.replace("_", "-")
        yield Route(name=route, target=f"codemem_viewer.api.{name}:router")


@hookimpl
def codemem_viewer_pages() -> Iterator[Page]:
    """Offer the pages that need nothing but the database."""
    yield Page(
        name="rules",
        title="Rules",
        target="codemem_viewer.views.rules_page:rules",
        template="codemem_viewer:rules.html",
    )
    yield Page(
        name="review",
        title="Review",
        target="codemem_viewer.views.review_page:review",
        template="codemem_viewer:review.html",
    )
