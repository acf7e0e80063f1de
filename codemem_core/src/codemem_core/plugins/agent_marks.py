"""Whether an agent runs this program: the hosts' packages name the marks in its environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codemem_core.records.seams import IngestSource


def agent_session(sources: Iterable[IngestSource], environ: Mapping[str, str]) -> str | None:
    """Return the session of the agent that runs this program, "" when it is not said.

    None when no host's mark is there: a person runs it.
    """
    marked = [source for source in sources if any(environ.get(mark) for mark in source.agent_marks)]
    if not marked:
        return None
    return next((found for source in marked if (found := environ.get(source.session_mark, ""))), "")
