"""TAB, in the real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = """
eval "$(codemem completion bash)"
COMP_WORDS=({words}) COMP_CWORD={place}
_codemem_completion codemem
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -Uz compinit && compinit -u
eval "$(codemem completion zsh)"
(( $+functions[_codemem_completion] )) && print -r -- ${{_comps[codemem]}}
COMP_WORDS="{words}" COMP_CWORD={place} _CODEMEM_COMPLETE=zsh_complete codemem
"""
FISH = """
codemem completion fish | source
complete -C '{words}'
"""


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shells find this checkout's program."""
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def offered(shell: str, script: str) -> list[str]:
    """Run a script in a shell and return the lines it prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    option = ["--norc", "--noprofile"] if shell == "bash" else []
    done = subprocess.run(
        [shell, *option, "-c", script], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("codemem rem", ["remember"]),
        ("codemem queue s", ["spool", "status"]),
        ("codemem db backu", ["backup"]),
        ("codemem log --li", ["--limit"]),
        ("codemem log --kind de", ["decision"]),
    ],
)
def test_bash_completes_commands_options_and_values(words: str, wanted: list[str]) -> None:
    """As a person types them."""
    place = len(words.split()) - 1

    assert offered("bash", BASH.format(words=words, place=place)) == wanted


def test_zsh_completes() -> None:
    """The function is registered, and the program answers it."""
    lines = offered("zsh", ZSH.format(words="codemem rem", place=1))

    assert lines[0] == "_codemem_completion"
    assert "remember" in lines


def test_fish_completes() -> None:
    """With what each command does beside it."""
    lines = offered("fish", FISH.format(words="codemem rem"))

    assert [line.split("\t")[0] for line in lines] == ["remember"]
