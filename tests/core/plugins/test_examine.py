"""Health checks of plugins, as the doctor and the page *Health* ask them."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.examine import HealthScope, examine
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.records.seams import HealthCheck

Offer = Callable[[Callable[[], Iterator[Check]]], list[Check]]


@pytest.fixture
def found_by(database: str, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Return what the doctor finds with one plugin, which answers as it is told."""

    def ask(answer: Callable[[], Iterator[Check]]) -> list[Check]:
        module = ModuleType("their_health")

        class Examiner:
            def __init__(self, settings: Settings) -> None:
                del settings

            def examine(self, scope: HealthScope) -> Iterator[Check]:
                del scope
                return answer()

        @hookimpl
        def codemem_health_checks() -> list[HealthCheck]:
            return [HealthCheck(name="keyring", target="their_health:Examiner")]

        vars(module).update(Examiner=Examiner, codemem_health_checks=codemem_health_checks)
        monkeypatch.setitem(sys.modules, "their_health", module)
        settings = Settings.load({})
        return examine(HealthScope(settings, Plugins.only(module, settings=settings), database))

    return ask


def test_a_check_has_its_own_name_or_that_of_its_plugin(found_by: Offer) -> None:
    """A plugin that looks at one thing need not name it."""

    def answer() -> Iterator[Check]:
        yield Check(ok=True, text="it is unlocked")
        yield Check(name="backend", ok=False, text="none", hint="install one")

    assert [check.name for check in found_by(answer)] == ["keyring", "backend"]


@pytest.mark.parametrize("error", [CodememError("no keyring"), ZeroDivisionError("division")])
def test_an_examiner_that_fails_is_a_finding(found_by: Offer, error: Exception) -> None:
    """The doctor goes on, and says whose check it was."""

    def answer() -> Iterator[Check]:
        yield Check(ok=True, text="fine so far")
        raise error

    (check,) = found_by(answer)

    assert (check.name, check.ok) == ("keyring", False)
    assert str(error) in check.text
