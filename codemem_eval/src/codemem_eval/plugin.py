"""Measurements of search, packs and sessions."""

from __future__ import annotations

from collections.abc import Iterable

from codemem_core.config.setting import Setting
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import FIGURES, Command, ObserverRuntime

_COMMANDS = (
    ("eval", "commands.evaluate:evaluate", "Measure codemem on judged questions or sessions."),
    ("hybrid-eval", "commands.evaluate:evaluate_questions", "The same as `eval questions`."),
    ("benefit", "commands.benefit:benefit", "Show what memory was worth in your own sessions."),
    ("pack-benchmark", "commands.evaluate:pack_benchmark", "Say how large packs get."),
)
"""Name, target below `_MODULES`, and help."""
_MODULES = "codemem_eval."


@hookimpl
def codemem_commands() -> Iterable[Command]:
    """Offer the commands that measure."""
    return [
        Command(name=name, target=_MODULES + target, help=text, group=FIGURES)
        for name, target, text in _COMMANDS
    ]


@hookimpl
def codemem_observer_runtimes() -> Iterable[ObserverRuntime]:
    """Offer a model's recorded replies, so that anybody can repeat a measurement."""
    yield ObserverRuntime(
        name="recorded",
        target=_MODULES + "recorded_replies:RecordedReplies",
        help="Replies a model gave before, from `eval_replies`; to measure with.",
        needs_credential=False,
    )


@hookimpl
def codemem_settings() -> Iterable[Setting]:
    """Offer what measurements need."""
    yield Setting(
        "eval_replies",
        "CODEMEM_EVAL_REPLIES",
        kind="path",
        help="Replies for the observer runtime `recorded`: a line of JSON each, with `session` "
        "and `reply`.",
    )
