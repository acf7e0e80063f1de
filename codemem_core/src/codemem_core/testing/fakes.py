"""Fakes that ship with the seams."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from types import ModuleType

from codemem_core.config.settings import Settings
from codemem_core.hookspecs import hookimpl
from codemem_core.records.protocols import Observer, ObserveRequest, ObserverReply
from codemem_core.records.seams import ObserverRuntime

Answer = str | Exception | Callable[[ObserveRequest], str]
_numbers = count(1)


class ScriptedObserver:
    """Gives the answers it was told to give, the last one for ever, and keeps the requests.

    An answer is a text, an exception to raise, or a function of the request.
    """

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[ObserveRequest] = []

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Give the next answer."""
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else answer(request)
        return ObserverReply(text=text, model="scripted", tokens_in=10, tokens_out=5)


def observer_plugin(
    observer: Observer, *, name: str = "scripted", offline: bool = False
) -> ModuleType:
    """Return a plugin whose one runtime is this very object; it needs no credential.

    Load it with `Plugins.only(observer_plugin(...), settings=...)`.
    """
    module = ModuleType(f"codemem_scripted_{next(_numbers)}")

    def make(_: Settings) -> Observer:
        return observer

    @hookimpl
    def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
        target = f"{module.__name__}:make"
        yield ObserverRuntime(name=name, target=target, needs_credential=False, offline=offline)

    module.__dict__["make"] = make
    module.__dict__["codemem_observer_runtimes"] = codemem_observer_runtimes
    sys.modules[module.__name__] = module
    return module
