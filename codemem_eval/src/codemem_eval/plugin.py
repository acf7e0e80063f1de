"""Measurements of search, packs and sessions."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.config.setting import Setting
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import READ, Command, ObserverRuntime

_COMMANDS = (
    ("eval", "commands.evaluate:evaluate", "Measure codemem on judged questions or sessions."),
    ("pack-benchmark", "commands.evaluate:pack_benchmark", "Measure how large packs are."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_eval."


@hookimpl
def codemem_commands() -> Iterator[Command]:
    """Offer the commands that measure."""
    yield Command(
        name="benefit",
        target=_MODULES + "commands.benefit:benefit",
        help="Show what memory was worth in your own sessions.",
        group=READ,
    )
    for name, target, text in _COMMANDS:
        yield Command(name=name, target=_MODULES + target, help=text, parent="dev")
        yield Command(name=name, target=_MODULES + target, help=text, hidden=True)
    yield Command(
        name="hybrid-eval",
        target=_MODULES + "commands.evaluate:evaluate_questions",
        help="The same as `eval questions`.",
        hidden=True,
    )


@hookimpl
def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
    """Offer a model's recorded replies, so that anybody can repeat a measurement."""
    yield ObserverRuntime(
        name="recorded",
        target=_MODULES + "recorded_replies:RecordedReplies",
        help="Replies a model gave before, from `eval_replies`; to measure with.",
        needs_credential=False,
    )


@hookimpl
def codemem_settings() -> Iterator[Setting]:
    """Offer what measurements need."""
    yield Setting(
        "eval_replies",
        "CODEMEM_EVAL_REPLIES",
        kind="path",
        help="Replies for the observer runtime `recorded`: a line of JSON each, with `session` "
        "and `reply`.",
    )
