"""Calling a plugin: one way for every seam, with a limit of time and a count of faults.

Other people's code is kept at arm's length: it may hang, print, fork or end a thread of ours. What
cannot be held off is C code that never gives up the interpreter's lock, and what a process of this
user may do anyway.
"""

from __future__ import annotations

import math
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

from codemem_core.errors import PluginError
from codemem_core.plugins import streams
from codemem_core.plugins.loader import sentence
from codemem_core.records.plugin import PluginInfo

T = TypeVar("T")

MOST_FAULTS = 3
"""Whoever failed so often at one thing is not asked for it again until the process starts anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """Whose code is called, and for what."""

    info: PluginInfo
    key: str
    """What faults are counted by: a record's or a hook's name."""
    about: str
    """How messages call it."""


class Caller:
    """Calls plugins and keeps count of their faults."""

    def __init__(self, limit_s: float, *, report: Callable[[str, str], None]) -> None:
        """Take the usual limit of a call, and what to tell (plugin, problem) of a fault."""
        self._limit_s = limit_s
        self._report = report
        self._faults: Counter[tuple[str, str]] = Counter()
        self._lanes: dict[tuple[str, str], _Lane] = {}

    def call(
        self,
        callee: Callee,
        work: Callable[[], T],
        *,
        limit_s: float | None = None,
        passing: tuple[type[Exception], ...] = (),
        quick: bool = False,
    ) -> T:
        """Run a plugin's code; what it raises beside `passing` becomes a `PluginError`.

        Code of third parties gets `limit_s` seconds (`math.inf` is no limit) in another thread: one
        that `quick` calls share, as they come with every event, else one of its own. After
        `MOST_FAULTS` it is not run again.
        """
        counted = callee.info.name, callee.key
        if self._faults[counted] >= MOST_FAULTS:
            raise PluginError(
                f"{callee.about} of plugin {callee.info} is off after {MOST_FAULTS} faults",
                hint="update it or go without it: `-p no:NAME`; then `codemem serve restart`",
            )
        try:
            if not callee.info.third_party:
                return work()
            limit_s = self._limit_s if limit_s is None else limit_s
            if quick:
                return self._in_lane(counted, work, limit_s)
            return contained(work, limit_s=limit_s)
        except passing:
            raise
        except (Exception, SystemExit) as error:
            self._faults[counted] += 1
            off = "; now it is off" if self._faults[counted] >= MOST_FAULTS else ""
            self._report(callee.info.name, f"{callee.about}: {sentence(error)}{off}")
            raise fault(callee, error) from error

    def _in_lane(self, key: tuple[str, str], work: Callable[[], T], limit_s: float) -> T:
        lane = self._lanes.setdefault(key, _Lane())
        if not lane.free.acquire(blocking=False):
            return contained(work, limit_s=limit_s)  # somebody else's call is in it
        try:
            with streams.apart():
                return _result(lane.put(work), limit_s)
        except TimeoutError:
            self._lanes.pop(key, None)  # it hangs, and nobody may wait behind it
            raise
        finally:
            lane.free.release()


def in_front(callee: Callee, work: Callable[[], T], passing: tuple[type[Exception], ...]) -> T:
    """Run a plugin's code in front of a person, who sees what it prints and can stop it.

    What it raises beside `passing` becomes a `PluginError`.
    """
    try:
        return work()
    except passing:
        raise
    except Exception as error:
        raise fault(callee, error) from error


def fault(callee: Callee, error: BaseException) -> PluginError:
    """Return the error that names the plugin."""
    return PluginError(
        f"plugin {callee.info}: {callee.about}: {sentence(error)}",
        hint="switch it off with `-p no:NAME`",
    )


def contained(work: Callable[[], T], *, limit_s: float) -> T:
    """Run the work in a thread of its own; return or raise what it does, `TimeoutError` too late.

    A thread cannot be ended: one that hangs stays behind, which is why callers count. What is
    printed meanwhile goes to standard error, and a forked copy of this process ends where it would
    come back to us.
    """
    outcome: Future[T] = Future()
    with streams.apart():
        threading.Thread(
            target=_into, args=(outcome, work, os.getpid()), name="codemem-plugin", daemon=True
        ).start()
        return _result(outcome, limit_s)


def threads_left() -> list[str]:
    """Return the names of threads that would keep this process from ending."""
    return [
        each.name
        for each in threading.enumerate()
        if not each.daemon and each is not threading.main_thread()
    ]


class _Lane:
    """A thread for calls that are quick and many; one call at a time."""

    def __init__(self) -> None:
        self.free = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any], int]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, work: Callable[[], T]) -> Future[T]:
        """Have the work done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="codemem-plugin", daemon=True)
            self._thread.start()
        outcome: Future[T] = Future()
        self._calls.put((outcome, work, os.getpid()))
        return outcome

    def _run(self) -> None:
        while True:
            _into(*self._calls.get())


def _into(outcome: Future[T], work: Callable[[], T], process: int) -> None:
    """Put into `outcome` what the work returns or raises."""
    try:
        result, error = [work()], None
    except BaseException as raised:  # handed to whoever waits
        result, error = [], raised
    if os.getpid() != process:
        os._exit(0)
    if error is None:
        outcome.set_result(result[0])
    else:
        outcome.set_exception(error)


def _result(outcome: Future[T], limit_s: float) -> T:
    wait([outcome], None if limit_s == math.inf else limit_s)
    if not outcome.done():
        raise TimeoutError(f"no answer within {limit_s:g} s")
    return outcome.result()
