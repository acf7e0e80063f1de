"""What codemem-pi offers: a source, the command of its extension, and an installer."""

from collections.abc import Iterator

from codemem_core.api import Command, HostSetup, IngestSource, hookimpl

CODEMEM_API = 1

SOURCE = IngestSource(name="pi", target="codemem_pi.events:Pi", help="The pi coding agent.")
COMMAND = Command(
    name="pi-hook",
    target="codemem_pi.command:pi_hook",
    help="Answer an event of pi's extension and store it.",
    hidden=True,
)
SETUP = HostSetup(name="pi", target="codemem_pi.setup:Setup", help="pi")


@hookimpl
def codemem_ingest_sources() -> Iterator[IngestSource]:
    """What the extension sends."""
    yield SOURCE


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """What the extension runs."""
    yield COMMAND


@hookimpl
def codemem_host_setups() -> Iterator[HostSetup]:
    """The extension."""
    yield SETUP
