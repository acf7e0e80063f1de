"""A plugin with a mistake in its code: named, and left alone after a while."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import PluginError
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import EventContext
from codemem_core.records.seams import IngestSource


class Faulty:
    """An ingest source with a mistake."""

    asked = 0

    def normalize(self, payload: Any, *, context: Any) -> Any:
        """Fail, or give nonsense."""
        Faulty.asked += 1
        if payload:
            raise ZeroDivisionError
        return "nonsense"


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """Return plugins whose one source is faulty."""
    code, plugin = ModuleType("their_code"), ModuleType("p")
    record = IngestSource(name="cursor", target="their_code:made")
    code.__dict__["made"] = lambda settings: Faulty()
    plugin.__dict__["codemem_ingest_sources"] = hookimpl(_offer(record))
    monkeypatch.setitem(sys.modules, "their_code", code)
    Faulty.asked = 0
    return Plugins.only(plugin, settings=Settings.load({}))


def _offer(record: IngestSource) -> Any:
    def codemem_ingest_sources() -> list[IngestSource]:
        return [record]

    return codemem_ingest_sources


@pytest.mark.parametrize("payload", [{}, {"a": 1}])
def test_a_faulty_source_is_named_and_after_three_faults_left_alone(
    faulty: Plugins, payload: dict[str, int]
) -> None:
    """Neither an exception nor nonsense gets any further than the host of plugins."""
    for _ in range(5):
        with pytest.raises(PluginError, match=r"cursor|plugin `p`"):
            faulty.normalize("cursor", payload, context=EventContext())

    assert Faulty.asked == 3
    assert "plugin `p`" in faulty.problems[0]
