"""`codemem jsonl-read`: from the log into the queue."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import click

from codemem_core.api import Intake, Parcel, receive_all
from codemem_core.commands import Host, db_option, pass_host, say, warn

_BATCH = 200
_PAUSE_S = 0.5


@click.command()
@click.argument("log", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--follow", is_flag=True, help="Go on reading as the log grows.")
@db_option
@pass_host
def read(host: Host, log: Path, follow: bool, db_path: str | None) -> None:
    """Store what is new in a log of JSON lines; what was stored before is recognised.

    Example: codemem jsonl-read agent.log --follow
    """
    intake, stored, bad = Intake(host.plugins), 0, 0
    with host.store(db_path) as store:
        for lines in _batches(log, follow=follow):
            done = receive_all(store, intake, map(_parcel, lines))
            stored += done.stored
            bad += done.refused
    say(f"Stored {stored} events")
    if bad:
        warn(f"codemem: {bad} lines are no events and were left out")


def _parcel(line: bytes) -> Parcel:
    try:
        return Parcel(source="jsonl", payload=json.loads(line), past=True)
    except ValueError:
        return Parcel(source="jsonl", payload=None)  # which is refused, and counted


def _batches(log: Path, *, follow: bool) -> Iterator[list[bytes]]:
    """Yield whole lines in groups; a half-written last line waits for its rest."""
    with log.open("rb") as file:
        while True:
            lines, start = [], file.tell()
            while len(lines) < _BATCH and (line := file.readline()).endswith(b"\n"):
                lines.append(line)
                start = file.tell()
            file.seek(start)
            if lines:
                yield lines
            elif not follow:
                return
            else:
                time.sleep(_PAUSE_S)
