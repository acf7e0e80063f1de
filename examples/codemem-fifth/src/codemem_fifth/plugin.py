"""What codemem-fifth offers: a source and an installer."""

from collections.abc import Iterator

from codemem_core.api import HostSetup, IngestSource, hookimpl

CODEMEM_API = 1

SOURCE = IngestSource(
    name="fifth",
    target="codemem_fifth.events:Fifth",
    help="Fifth, through its hook.",
    agent_marks=("FIFTH_SESSION",),
    session_mark="FIFTH_SESSION",
)
SETUP = HostSetup(name="fifth", target="codemem_fifth.setup:Setup", help="Fifth")


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """What Fifth's hook is told."""
    yield SOURCE


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """The hook in Fifth's settings."""
    yield SETUP
