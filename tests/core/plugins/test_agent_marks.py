"""Who runs this program: a person or an agent."""

from __future__ import annotations

import pytest

from codemem_core.plugins.agent_marks import agent_session
from codemem_core.records.seams import IngestSource

SOURCES = (
    IngestSource(name="plain", target="a.b:C"),
    IngestSource(
        name="marked", target="a.b:C", agent_marks=("AGENT", "AGENT_ID"), session_mark="AGENT_ID"
    ),
)


@pytest.mark.parametrize(
    ("environ", "session"),
    [
        ({}, None),
        ({"AGENT": ""}, None),
        ({"AGENT": "1"}, ""),
        ({"AGENT": "1", "AGENT_ID": "s1"}, "s1"),
        ({"AGENT_ID": "s1"}, "s1"),
    ],
)
def test_a_mark_of_a_host_means_its_agent(environ: dict[str, str], session: str | None) -> None:
    """With the session it belongs to, where the host says it."""
    assert agent_session(SOURCES, environ) == session
