"""Every page of the documentation: links lead somewhere, examples can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from codemem_cli.app import cli
from codemem_core import hookspecs
from codemem_core.commands.host import Host

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "codemem_*/README.md", "examples/*/README.md")
    for path in ROOT.glob(pattern)
)
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`codemem ([^`…{|]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ELSEWHERE = ("fifth-hook", "jsonl-read", "pi-hook", "tally")
"""Commands of the examples and the tutorial, which have tests of their own."""


def text_of(page: str) -> str:
    """Return a page without its blocks of code."""
    return _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_BLOCK.sub("", path.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return frozenset(heading.strip().replace(" ", "-") for heading in plain)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Files are there, and so are the headings that a link names."""
    missing = []
    for target in _LINK.findall(text_of(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(target)

    assert not missing


def typed(page: str) -> Iterator[tuple[str, bool]]:
    """Yield what a page says to type after `codemem`, and whether it is a whole line to copy."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for language, block in _BLOCK.findall(text):
        if language == "sh":
            for line in block.splitlines():
                if found := re.match(r"(?:\S*/)?codemem (.+)", line):
                    yield found[1], True
    for inline in _INLINE.findall(text_of(page)):
        yield inline, False


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_commands_can_be_typed(page: str) -> None:
    """Each is a command of ours, with options it has; nothing is run."""
    wrong = [
        f"codemem {line}: {problem}"
        for line, whole in typed(page)
        if (problem := refused(line, whole=whole))
    ]

    assert not wrong


def refused(line: str, *, whole: bool) -> str:
    """Return why the program would refuse a line, or nothing."""
    words = shlex.split(line, comments=True)
    context = click.Context(cli, info_name="codemem", obj=Host(environ={"HOME": "/nowhere"}))
    command: click.Command | None = cli
    while words and words[0] == "-p":
        words = words[2:]
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        command = command.get_command(context, name)
        if command is None:
            return "" if name.startswith("-") or name in ELSEWHERE else f"no command `{name}`"
    if command is None or "|" in words:
        return ""
    try:
        with click.Context(command, resilient_parsing=not whole) as inner:
            parser = command.make_parser(inner)
            parser.parse_args([word for word in words if word not in {"|", ">"}])
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_python_compiles(page: str) -> None:
    """The tutorial's is run by a test of its own."""
    for language, block in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        if language == "python":
            compile(block, page, "exec")


HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("codemem_"))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_used_by_a_package(hook: str) -> None:
    """A seam that nobody uses is one that nobody has tried."""
    packages = [
        path
        for pattern in ("codemem_*/src/**/*.py", "examples/*/src/*/*.py")
        for path in ROOT.glob(pattern)
        if path.name in {"plugin.py", "builtin.py"} and f"def {hook}(" in path.read_text()
    ]

    assert packages, hook
