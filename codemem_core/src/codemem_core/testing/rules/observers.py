"""Rules for observer runtimes."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from io import StringIO

from codemem_core.distil.parse import parse_reply
from codemem_core.distil.prompt import observe_prompt
from codemem_core.errors import ObserverError
from codemem_core.records.protocols import Credential, ObserveRequest, ObserverReply
from codemem_core.records.seams import ObserverRuntime
from codemem_core.testing.conformance import Rule, Subject

_CANARY = "canary-token-that-must-not-be-seen"


def answers_or_says_why_not(subject: Subject) -> None:
    """Only the errors of the seam tell the queue when to try again."""
    outcome = _ask(subject)
    assert isinstance(outcome, ObserverReply | ObserverError), f"it gave `{outcome!r:.120}`"


def answers_in_a_form_we_know(subject: Subject) -> None:
    """An answer nobody can read costs money and gives no memory."""
    outcome = _ask(subject)
    if isinstance(outcome, ObserverReply):
        assert parse_reply(outcome.text).understood, f"not understood: `{outcome.text[:120]}`"


def counts_its_tokens(subject: Subject) -> None:
    """The spend governor adds them up."""
    outcome = _ask(subject)
    if isinstance(outcome, ObserverReply):
        for count in (outcome.tokens_in, outcome.tokens_out):
            assert isinstance(count, int), f"not a count of tokens: `{count!r}`"
            assert count >= 0, f"not a count of tokens: `{count!r}`"


def keeps_the_token_to_itself(subject: Subject) -> None:
    """Answers, errors and logs are shown to people and stored."""
    log, shown = logging.getLogger(), StringIO()
    listener = logging.StreamHandler(shown)
    log.addHandler(listener)
    try:
        outcome = _ask(subject)
    finally:
        log.removeHandler(listener)
    said = f"{outcome} {outcome!r} {getattr(outcome, 'text', '')} {shown.getvalue()}"
    assert _CANARY not in said, "the credential stands in what it said"


def ends_by_itself(subject: Subject) -> None:
    """A call that never ends holds up everything behind it."""
    outcome = _ask(subject)
    assert not isinstance(outcome, TimeoutError), f"no answer within {subject.within_s:.0f} s"


def works_in_two_threads(subject: Subject) -> None:
    """Several streams are flushed at once."""
    observer = subject.make()
    outcomes = [_in_thread(lambda: observer.observe(_request(subject))) for _ in range(2)]
    for future in outcomes:
        problem = future.exception(timeout=subject.within_s)
        assert problem is None or isinstance(problem, ObserverError), f"{problem!r}"


def _ask(subject: Subject) -> object:
    future = _in_thread(lambda: subject.make().observe(_request(subject)))
    try:
        return future.result(timeout=subject.within_s)
    except Exception as error:  # noqa: BLE001 - the rules look at whatever it is
        return error


def _in_thread(call: object) -> Future[object]:
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(call())  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _request(subject: Subject) -> ObserveRequest:
    instructions, prompt = observe_prompt(subject.evidence, max_chars=12_000)
    record = subject.record
    return ObserveRequest(
        evidence=subject.evidence,
        instructions=instructions,
        prompt=prompt,
        model=record.default_model if isinstance(record, ObserverRuntime) else None,
        credential=Credential(_CANARY, source="env"),
    )


RULES: tuple[Rule, ...] = (
    answers_or_says_why_not,
    answers_in_a_form_we_know,
    counts_its_tokens,
    keeps_the_token_to_itself,
    ends_by_itself,
    works_in_two_threads,
)
