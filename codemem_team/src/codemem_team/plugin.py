"""What this distribution offers: sharing through PostgreSQL, its commands and its worker."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.config.setting import Setting
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import BackgroundWorker, ChangeFollower, Command, HealthCheck, Page

CODEMEM_API = 1

GROUP = "Team"


@hookimpl
def codemem_settings() -> Iterator[Setting]:
    """Offer where the team's server is and how often it is asked."""
    yield Setting(
        "team_url",
        "CODEMEM_TEAM_URL",
        kind="text",
        secret=True,
        help="The team's PostgreSQL, as libpq reads it (`service=codemem`, a URL). Without it,"
        " libpq's own variables hold (`PGSERVICE`, `PGHOST` …).",
    )
    yield Setting(
        "team_poll_s",
        "CODEMEM_TEAM_POLL_S",
        kind="number",
        default=30,
        least=1,
        help="Seconds between two looks at the team's server, give or take a quarter.",
    )
    yield Setting(
        "team_listen",
        "CODEMEM_TEAM_LISTEN",
        kind="flag",
        default=False,
        help="Keep a connection open and look as soon as a teammate pushed; not through a pooler.",
    )


@hookimpl
def codemem_changes() -> Iterator[ChangeFollower]:
    """Take changes of shared memories into the outbox."""
    yield ChangeFollower(name="team", target="codemem_team.outbox:Outbox")


@hookimpl
def codemem_workers() -> Iterator[BackgroundWorker]:
    """Push and pull while the server runs."""
    yield BackgroundWorker(name="team", target="codemem_team.worker:TeamWorker")


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer `team`, `share` and `unshare`."""
    for name, text in (
        ("team", "Share memories with other machines and people."),
        ("share", "Share a project's memories with the team."),
        ("unshare", "Share a project no longer."),
    ):
        target = f"codemem_team.commands.{'team' if name == 'team' else 'sharing'}:{name}"
        yield Command(name=name, target=target, help=text, group=GROUP)


@hookimpl
def codemem_viewer_pages() -> Iterator[Page]:
    """Offer the Team page."""
    yield Page(
        name="team",
        title="Team",
        target="codemem_team.page:team",
        template="codemem_team:team.html",
    )


@hookimpl
def codemem_health_checks() -> Iterator[HealthCheck]:
    """Say whether both ends of each team have the same."""
    yield HealthCheck(name="team", target="codemem_team.health:TeamHealth")
