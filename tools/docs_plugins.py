"""The pages for authors of plugins: what they may rely on, and what they can implement."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from codemem_cli.skeleton import SEAMS as SKELETONS
from codemem_cli.skeleton import write_package
from codemem_core import api, commands, hookspecs, testing
from codemem_core.plugins.registry import Plugins
from codemem_core.plugins.seam_table import SEAMS
from codemem_core.records import seams

_EXAMPLES = Path(__file__).parent.parent / "examples"

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


# --- hooks ---------------------------------------------------------------------------------------

_TARGETS: dict[str, tuple[type, ...]] = {
    "codemem_ingest_sources": (
        api.Source,
        api.HistorySource,
        api.AuditedHistory,
        api.RecordedSource,
        api.CompletingSource,
    ),
    "codemem_flush_policies": (api.Policy, api.BoundedPolicy),
    "codemem_observer_runtimes": (api.Observer, api.ModelNamer),
    "codemem_auth_sources": (api.TokenSource,),
    "codemem_changes": (api.Follower,),
    "codemem_workers": (api.Worker,),
    "codemem_embedders": (api.TextEmbedder, api.Installable),
    "codemem_host_setups": (api.Installer,),
    "codemem_health_checks": (api.Examiner,),
}
"""What the target of each hook's record makes: what it must be, then what it may be besides."""
_SEEN: dict[str, tuple[type, ...]] = {
    "codemem_ingest_sources": (api.EventContext, api.AdapterEvent),
    "codemem_flush_policies": (api.StreamState, api.FlushDecision),
    "codemem_observer_runtimes": (api.ObserveRequest, api.Evidence, api.ObserverReply),
    "codemem_auth_sources": (api.AuthRequest, api.Credential),
    "codemem_memory_saved": (api.Memory,),
    "codemem_changes": (api.Change,),
    "codemem_workers": (api.Check,),
    "codemem_host_setups": (api.Check,),
    "codemem_health_checks": (api.HealthScope, api.Check),
}
"""The records that it is given and gives."""
_EVIDENCE = (api.Prompt, api.Message, api.ToolCall, api.Answer, api.Boundary)


def hooks(plugins: Plugins) -> Iterator[str]:
    """Yield the page of the hooks: each with its record, its target, an example and who does it."""
    yield f"# Hooks\n\n{inspect.getdoc(hookspecs)}\n\n"
    yield "An implementation may name fewer arguments than the hook has. Arguments with a default\n"
    yield f"are never filled. This is version {hookspecs.API} of the hooks. Import what you need\n"
    yield "from [codemem_core.api](internals.md); records that several hooks use are\n"
    yield "[at the end](#records).\n"
    for node in ast.parse(inspect.getsource(hookspecs)).body:
        if isinstance(node, ast.FunctionDef):
            yield from _hook(node, plugins)
    yield f"\n# Records\n\n{inspect.getdoc(seams)}\n"
    seen = [kind for kinds in _SEEN.values() for kind in kinds]
    for kind in dict.fromkeys([seams.SeamRecord, *seen, *_EVIDENCE]):
        yield from _record(kind, "##")


def _hook(node: ast.FunctionDef, plugins: Plugins) -> Iterator[str]:
    returns = ast.unparse(node.returns) if node.returns else "None"
    yield f"\n## {node.name}\n\n```python\n"
    yield f"def {node.name}({ast.unparse(node.args)}) -> {returns}: ...\n```\n\n"
    yield f"{ast.get_docstring(node)}\n"
    if node.name in SEAMS:
        yield from _record(SEAMS[node.name], "###")
    for number, target in enumerate(_TARGETS.get(node.name, ())):
        yield "\n### The target\n" if number == 0 else "\nIt may also be:\n"
        yield f"\n```python\n{_methods(target)}```\n"
    if node.name in _SEEN:
        named = (f"[{kind.__name__}](#{kind.__name__.lower()})" for kind in _SEEN[node.name])
        yield f"\nIt sees {', '.join(named)}.\n"
    yield from _example(node.name)
    yield f"\nPackages that do it: {', '.join(_who(node.name, plugins))}.\n"


def _record(kind: type, level: str) -> Iterator[str]:
    """Show a record and the fields it adds to what it is made from."""
    yield f"\n{level} {kind.__name__}\n\n{inspect.getdoc(kind)}\n"
    (node,) = ast.parse(inspect.getsource(kind)).body
    body = node.body if isinstance(node, ast.ClassDef) else []
    gap = "\n"
    for attribute, text in zip(body, [*body[1:], None], strict=True):
        if isinstance(attribute, ast.AnnAssign):
            told = ast.literal_eval(text.value) if isinstance(text, ast.Expr) else ""
            about = f" — {' '.join(told.split())}" if told else ""
            yield f"{gap}- `{ast.unparse(attribute)}`{about}\n"
            gap = ""


def _methods(target: type) -> str:
    """Return a protocol as it is to be implemented, decorators left out."""
    source = inspect.getsource(target)
    return source[source.index("class ") :]


def _example(hook: str) -> Iterator[str]:
    """Show the package that `codemem plugins new` writes for a hook."""
    seam = next(name for name, each in SKELETONS.items() if each.hook == hook)
    yield f"\n### Example\n\n`codemem plugins new own --seam {seam}` writes it, with its tests:\n"
    with TemporaryDirectory() as folder:
        for path in write_package("own", seam, Path(folder)):
            if path.parent.name == "codemem_own" and path.name != "__init__.py":
                code = path.read_text(encoding="utf-8").rstrip()
                yield f"\n```python\n# codemem_own/{path.name}\n{code}\n```\n"


def _who(hook: str, plugins: Plugins) -> list[str]:
    """Return the packages, ours and the examples, that implement a hook."""
    ours = {info.distribution for info in plugins.listing() if hook in info.hooks}
    examples = {
        path.parents[2].name
        for path in _EXAMPLES.glob("*/src/*/plugin.py")
        if f"def {hook}(" in path.read_text(encoding="utf-8")
    }
    return [f"`{name}`" for name in sorted(ours)] + [
        f"[{name}](../examples/{name})" for name in sorted(examples)
    ]
