"""The conformance kit: find out whether a record's target keeps the rules of its seam."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence, Message, Prompt, ToolCall
from codemem_core.records.protocols import EventContext
from codemem_core.records.seams import SeamRecord

WITHIN_S = 30.0
"""What calls that may wait get at most, unless the author allows less."""

SAMPLE_EVIDENCE = Evidence(
    source="sample",
    stream_id="sample",
    project="sample",
    cwd="/work/sample",
    items=(
        Prompt(text="Why does the invoice export fail? Please fix it.", number=1, seq=0),
        ToolCall(kind="run", name="bash", command="pytest -q", error="1 failed", seq=1),
        ToolCall(
            kind="edit",
            name="edit",
            files_changed=("/work/sample/a.py",),
            output="--- /work/sample/a.py\n+++ /work/sample/a.py\n@@\n-x\n+y",
            seq=2,
        ),
        Message(text="Fixed: the total was rounded on each line.", seq=3),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What the rules look at: a record, and what its author gave to try it with."""

    record: SeamRecord
    environ: Mapping[str, str] = field(default_factory=dict)
    """Environment its settings are read from; an observer's points at a fake endpoint here."""
    own_settings: Sequence[Setting] = ()
    """Settings that the plugin itself offers."""
    samples: Sequence[Mapping[str, Any]] = ()
    """Real payloads, for ingest sources."""
    context: EventContext = field(default_factory=EventContext)
    """What the transport knows beside them."""
    evidence: Evidence = SAMPLE_EVIDENCE
    within_s: float = WITHIN_S

    @cached_property
    def settings(self) -> Settings:
        """Return settings made from `environ`, ours and the plugin's own."""
        return Settings.load(dict(self.environ), extra=self.own_settings)

    @cached_property
    def target(self) -> Any:  # noqa: ANN401 - whatever the seam asks for
        """Import what the record names."""
        module, _, name = self.record.target.partition(":")
        return getattr(import_module(module), name)

    def make(self) -> Any:  # noqa: ANN401
        """Call the target as the host does."""
        return self.target(self.settings)


Rule = Callable[[Subject], None]
"""Looks at a subject; raises `AssertionError` with a sentence when the rule is broken.

Its name is the rule's, its docstring says why there is one.
"""

_MODULES = {
    "IngestSource": "codemem_core.testing.rules.sources",
    "ObserverRuntime": "codemem_core.testing.rules.observers",
    "AuthSource": "codemem_core.testing.rules.auth_sources",
    "FlushPolicy": "codemem_core.testing.rules.policies",
    "Embedder": "codemem_core.testing.rules.embedders",
    "Command": "codemem_core.testing.rules.click_commands",
    "Route": "codemem_core.testing.rules.routes",
    "HostSetup": "codemem_core.testing.rules.host_setups",
    "HealthCheck": "codemem_core.testing.rules.health_checks",
}
_ANY = "codemem_core.testing.rules.targets"


def rules_of(record: SeamRecord) -> tuple[Rule, ...]:
    """Return the rules of the record's seam."""
    module: ModuleType = import_module(_MODULES.get(type(record).__name__, _ANY))
    rules: tuple[Rule, ...] = module.RULES
    return rules


def conforms(record: SeamRecord, **given: Any) -> Callable[[Rule], None]:  # noqa: ANN401
    """Return a pytest test that holds the record's target against every rule of its seam.

    `given` are fields of `Subject` other than `record`. Assign it to a name that begins with
    `test_`.
    """
    subject = Subject(record=record, **given)

    @pytest.mark.parametrize("rule", rules_of(record), ids=lambda rule: rule.__name__)
    def check(rule: Rule) -> None:
        rule(subject)

    return check


def loads(plugin: ModuleType) -> Callable[[], None]:
    """Return a pytest test that loads a plugin module as the host does: no hook of it is wrong."""

    def check() -> None:
        found = Plugins.only(plugin, settings=Settings.load({})).listing()
        assert [info.problem for info in found] == [""]

    return check
