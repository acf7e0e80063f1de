"""The pages for authors of plugins: what they may rely on, and what they can implement."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from codemem_core import api, commands, testing

_HOOK_PATH = (
    "codemem_core.hooks.hook_host",
    "codemem_core.hooks.run",
    "codemem_core.hooks.hand_over",
    "codemem_core.hooks.respond",
    "codemem_core.hooks.context",
    "codemem_core.hookpath.client",
    "codemem_core.hookpath.deadline",
    "codemem_core.hookpath.json",
    "codemem_core.hookpath.log",
    "codemem_core.hookpath.notes",
)
"""What commands of the group `codemem.fast` may import; the import contract names the same."""

_NO_DOCSTRING = {
    "EvidenceItem": "`Prompt`, `Message`, `ToolCall`, `Answer` or `Boundary`.",
    "Rule": "A function that raises `AssertionError` where a subject breaks it.",
    "always_json_option": "Decorator: `--json`, accepted and without effect.",
    "apply_option": "Decorator: `--yes`, without which a command only says what it would do.",
    "db_option": "Decorator: `--db-path`, as `db_path`.",
    "hookimpl": "Decorator: the function implements the hook of its name.",
    "json_option": "Decorator: `--json`, as `as_json`.",
    "pass_host": "Decorator: hands the command its `Host`.",
}
_INTERNALS = """# What plugins may rely on

A plugin imports these names and nothing else of codemem. **What is not on this page is not
stable**: it may change, move or go in any release. The names here keep their meaning within one
version of the hooks; one that goes is announced a release before.

`lint-imports` holds our own host and observer packages to it, and a test the examples.
`codemem_cli`, `codemem_viewer`, `codemem_mcp`, `codemem_transfer` and `codemem_eval` are released
with the core and import more of it; do not take them for a model.

What a plugin can implement, and what each target has to be, is in [hooks](hooks.md).
"""
_FAST = """
## For commands that a host waits for

A module that the entry-point group `codemem.fast` names is imported at every prompt and tool call.
It may import the modules below, apsw and the light part of the standard library (`os`, `sys`,
`time`, `re`); `codemem_core.api` costs more than a hook has. Most hosts need `HookHost` and `run`.
"""


def internals() -> Iterator[str]:
    """Yield the page of the public face."""
    yield _INTERNALS
    for module in (api, commands):
        yield f"\n## {module.__name__}\n\n{inspect.getdoc(module)}\n"
        yield from _offered(module.__name__, Path(module.__file__ or "").with_suffix(".pyi"))
    yield f"\n## {testing.__name__}\n\n{inspect.getdoc(testing)}\n\n"
    yield _table((name, getattr(testing, name)) for name in sorted(testing.__all__))
    yield _FAST
    for name in _HOOK_PATH:
        found = import_module(name)
        yield f"\n### {name}\n\n{inspect.getdoc(found)}\n\n"
        yield _table(_defined_in(name))


def _offered(module: str, stub: Path) -> Iterator[str]:
    """Yield the names of a stub under its comments."""
    text = stub.read_text(encoding="utf-8")
    for section in text.split("\n# ")[1:]:
        title, _, imports = section.partition("\n")
        names = [
            alias.name
            for node in ast.parse(imports).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        yield f"\n### {title.rstrip('.')}\n\n"
        yield _table((name, getattr(import_module(module), name)) for name in names)


def _defined_in(name: str) -> Iterator[tuple[str, object]]:
    for attribute, value in vars(import_module(name)).items():
        own = getattr(value, "__module__", None) == name
        if own and not attribute.startswith("_") and (inspect.isclass(value) or callable(value)):
            yield attribute, value


def _table(names: Iterator[tuple[str, object]]) -> str:
    rows = [
        f"| `{_written(name, value)}` | {_first_line(name, value)} |\n" for name, value in names
    ]
    return "| | |\n|---|---|\n" + "".join(rows)


def _written(name: str, value: object) -> str:
    if name in _NO_DOCSTRING or not inspect.isfunction(value):
        return name
    bare = [_bare(each) for each in inspect.signature(value).parameters.values()]
    return f"{name}{inspect.Signature(bare)}".replace("Ellipsis", "…")


def _bare(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter without its type, and without a default that says nothing to a reader."""
    given = parameter.replace(annotation=inspect.Parameter.empty)
    return given if _is_plain(given.default) else given.replace(default=...)


def _is_plain(default: object) -> bool:
    return default is inspect.Parameter.empty or isinstance(default, str | bool | None)


def _first_line(name: str, value: object) -> str:
    if name in _NO_DOCSTRING:
        return _NO_DOCSTRING[name]
    if isinstance(value, str | int):
        return f"`{value!r}`"
    doc = inspect.getdoc(value) if hasattr(value, "__name__") else None
    return (doc or "").partition("\n")[0].replace("|", "\\|")
