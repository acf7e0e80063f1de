"""Ids as people type them: in every form in which the program prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from codemem_core.errors import InputError, NotFound
from codemem_core.store.engine.connection import rows

if TYPE_CHECKING:
    import apsw

_BRACKETS = "[]#,"


class MemoryId(click.ParamType):  # type: ignore[type-arg] # generic only from click 8.4 on
    """A memory's number: `12`, `[12]` or `#12`."""

    name = "id"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number; anything else is a wrong usage."""
        text = str(value).strip(_BRACKETS)
        if not (text.isascii() and text.isdecimal()):
            self.fail(f"not a memory's id: `{value}`", param, ctx)
        return int(text)


MEMORY_ID = MemoryId()


def message_number(text: str) -> int | None:
    """Return the number of a quoted message, `e12`, or None for anything else."""
    bare = text.strip(_BRACKETS)
    digits = bare[1:]
    is_one = bare[:1] == "e" and digits.isascii() and digits.isdecimal()
    return int(digits) if is_one else None


class StreamId(NamedTuple):
    """A session of a host, as the queue knows it."""

    source: str
    stream_id: str


_STREAMS = """
    SELECT source, stream_id FROM streams
     WHERE (:source IS NULL OR source = :source) AND substr(stream_id, 1, length(:start)) = :start
     ORDER BY stream_id = :start DESC, last_received_ms DESC LIMIT 5
"""


def find_stream(db: apsw.Connection, text: str, source: str | None) -> StreamId:
    """Return the stream that somebody names: `claude:5a1f0c2e…`, its id, or the start of it.

    Raises `NotFound` for none, `InputError` when more than one fits.
    """
    named, colon, rest = text.strip("- ").partition(":")
    choices = [(source, text.strip())]
    if colon:
        choices.insert(0, (named, rest))
    for host, start in choices:
        found = rows(db, _STREAMS, {"source": host, "start": start}) if start else []
        exact = [row for row in found if row[1] == start]
        fitting = exact or found
        if len(fitting) == 1:
            return StreamId(*fitting[0])
        if fitting:
            names = ", ".join(f"{host}:{stream_id}" for host, stream_id in fitting)
            raise InputError(f"more than one session fits: `{text}`", hint=f"one of: {names}")
    raise NotFound(f"no such session: `{text}`", hint="`codemem sessions` lists them")
