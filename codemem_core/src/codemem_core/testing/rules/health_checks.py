"""Rules for health checks."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from codemem_core.plugins.examine import HealthScope
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.testing.conformance import Rule, Subject


def says_how_to_mend_what_is_wrong(subject: Subject) -> None:
    """A person reads the sentence and wants to know what to do about it."""
    checks = _checks(subject)
    assert all(isinstance(check, Check) for check in checks), f"it gave {checks!r}"
    silent = [check.text for check in checks if not check.ok and not check.hint]
    assert not silent, f"no hint: {silent!r}"


def changes_nothing(subject: Subject) -> None:
    """Looking must be safe: twice in a row it finds the same, and makes no database."""
    assert _checks(subject) == _checks(subject), "asking changed something"


def _checks(subject: Subject) -> list[Check]:
    with TemporaryDirectory() as folder:
        database = str(Path(folder, "mem.sqlite"))
        plugins = Plugins.load(subject.settings)
        scope = HealthScope(subject.settings, plugins, database, whole=False)
        found = list(subject.make().examine(scope))
        assert not Path(database).exists(), "it made a database"
    return [check for check in found if folder not in f"{check!r}"]


RULES: tuple[Rule, ...] = (says_how_to_mend_what_is_wrong, changes_nothing)
