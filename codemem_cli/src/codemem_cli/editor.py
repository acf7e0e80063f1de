"""Texts in the user's editor."""

from __future__ import annotations

import sys

import click

from codemem_core.errors import InputError


def require_terminal(instead: str) -> None:
    """Raise `InputError` where no editor can be shown; `instead` says what to do there."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("there is no terminal for an editor", hint=instead)


def edited(
    title: str, body: str, *, instead: str = "give `--title` or `--body`"
) -> tuple[str, str]:
    """Return title and text as a person left them: the first line, and what follows.

    Raises `InputError` without a terminal, and when the file was not saved.
    """
    require_terminal(instead)
    text = click.edit(f"{title}\n\n{body}\n", extension=".md")
    if text is None:
        raise InputError("nothing was changed: the file was not saved")
    title, _, body = text.strip().partition("\n")
    return title, body
