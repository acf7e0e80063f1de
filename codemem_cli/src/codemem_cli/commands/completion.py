"""TAB in the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from codemem_core.commands.output import say

_VARIABLE = "_CODEMEM_COMPLETE"
_SHELLS = ("bash", "fish", "zsh")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    r"""Print shell completion for bash, zsh or fish.

    \b
    bash: eval "$(codemem completion bash)" in ~/.bashrc
    zsh:  eval "$(codemem completion zsh)" in ~/.zshrc, after compinit
    fish: codemem completion fish > ~/.config/fish/completions/codemem.fish

    Example: codemem completion bash
    """
    found = get_completion_class(shell)
    assert found is not None
    root = context.find_root()
    say(found(root.command, {}, "codemem", _VARIABLE).source())
