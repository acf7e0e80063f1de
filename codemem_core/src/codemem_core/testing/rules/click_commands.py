"""Rules for commands."""

from __future__ import annotations

import click
from click.testing import CliRunner

from codemem_core.plugins.registry import Plugins
from codemem_core.testing.conformance import Rule, Subject


def is_a_click_command(subject: Subject) -> None:
    """Anything else cannot be called."""
    assert isinstance(subject.target, click.Command), f"it is a `{type(subject.target).__name__}`"


def explains_itself(subject: Subject) -> None:
    """`codemem --help` shows the record's line, `--help` of the command the rest."""
    assert subject.record.help, "the record has no `help`"
    assert subject.target.help, "the command has no docstring"


def shows_help_without_doing_anything(subject: Subject) -> None:
    """Looking at it must be safe."""
    shown = CliRunner().invoke(subject.target, ["--help"])
    assert shown.exit_code == 0, shown.output
    assert "--help" in shown.output, "no help was printed"


def refuses_unknown_options(subject: Subject) -> None:
    """A mistyped option is an error of usage (2), not a different behaviour."""
    shown = CliRunner().invoke(subject.target, ["--no-such-option"])
    assert shown.exit_code == 2, f"exit code {shown.exit_code}"


def keeps_its_name(subject: Subject) -> None:
    """The name of the record is what people type; two commands cannot share it."""
    other = Plugins.load(subject.settings).commands().get(subject.record.path)
    assert other is None or other.target == subject.record.target, (
        f"`{other.target}` has this name already"
    )


RULES: tuple[Rule, ...] = (
    is_a_click_command,
    explains_itself,
    shows_help_without_doing_anything,
    refuses_unknown_options,
    keeps_its_name,
)
