"""What can be wrong with an installation: every plugin looks at its own part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, cast

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check


@dataclass(frozen=True, slots=True)
class HealthScope:
    """What is examined."""

    settings: Settings
    plugins: Plugins
    database: str
    whole: bool = True
    """A person waits for the answer; otherwise a page shows it, and each check must be quick."""


class Examiner(Protocol):
    """Looks at one part of an installation; changes nothing."""

    def examine(self, scope: HealthScope) -> Iterator[Check]:
        """Yield what was found, good or bad, each bad one with a hint how to mend it.

        Called by `codemem doctor` and by the page *Health*. Raise `CodememError` for what cannot be
        looked at.
        """
        ...


def examine(scope: HealthScope) -> list[Check]:
    """Have every plugin look; a check without a name gets that of its plugin's record."""
    found: list[Check] = []
    for name, record in scope.plugins.health_checks().items():
        try:
            examiner = cast("Examiner", scope.plugins.make(record))
            checks = scope.plugins.call(record, partial(_all, examiner, scope))
        except CodememError as error:
            checks = [Check(ok=False, text=str(error), hint=error.hint)]
        found += [check if check.name else replace(check, name=name) for check in checks]
    return found


def _all(examiner: Examiner, scope: HealthScope) -> list[Check]:
    # A generator would run outside of the guard.
    return list(examiner.examine(scope))
