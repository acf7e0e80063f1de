"""Write the pages of docs/ that come from the code: `python tools/docs.py`.

A test compares them with what this program would write.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from docs_plugins import hooks, internals
from docs_reply import reply, schema

from codemem_cli.app import cli
from codemem_core._version import __version__
from codemem_core.commands.host import Host
from codemem_core.config.catalog import by_section
from codemem_core.config.settings import Setting, Settings
from codemem_core.plugins.registry import Plugins
from codemem_viewer.api.hooks import hook_aliases

ROOT = Path(__file__).parent.parent
_MADE = "<!-- Made by `python tools/docs.py`; change the code instead. -->\n\n"
_WIDTH = 88


# --- settings ------------------------------------------------------------------------------------

_SETTINGS = """# Settings

A setting comes from its environment variable, else from the config file, else from its default.
The config file is the one that `CODEMEM_CONFIG` names, else `~/.config/codemem/config.json`, else
`~/.config/codemem/config.jsonc`: an object of the keys below, comments and trailing commas allowed.
A value that cannot be used is reported, and the next source counts. Nothing is ever read from the
current folder.

| kind | in the environment | in the file |
|---|---|---|
| text | text | string |
| path | absolute, or from `~/` | the same |
| number, real | digits | number |
| flag | `1 true yes on` or `0 false off no` | `true`, `false`, or the same words |
| names | separated by commas, or a JSON array | array of strings |
| argv | a JSON array of strings, never a shell line | array of strings |
| mapping | a JSON object of strings | object of strings |
"""


def _settings() -> Iterator[str]:
    yield _SETTINGS
    ours = _ours().obj.plugins.settings().values()
    for title, settings in by_section(ours).items():
        yield f"\n## {title}\n\n| variable | key | kind | default | |\n|---|---|---|---|---|\n"
        for setting in settings:
            yield _setting(setting)


def _setting(setting: Setting) -> str:
    default = "" if setting.default in (None, [], {}) else f"`{_written(setting.default)}`"
    status = f" **{setting.status.capitalize()}.**" if setting.status else ""
    cells = [f"`{setting.env}`", f"`{setting.key}`", setting.kind, default, setting.help + status]
    return f"| {' | '.join(cells)} |\n"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else json.dumps(value)


# --- commands ------------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "# Commands\n\n"
    yield "`--json` prints JSON and nothing else. Errors are one line and a hint on stderr.\n"
    yield "`codemem help --all` lists every command, earlier names too.\n\n"
    with _ours() as context:
        yield _help(context)
        records = context.obj.plugins.commands()
        listed = {each.target: path for path, each in records.items() if not each.hidden}
        for path in sorted(set(listed.values())):
            yield f"\n## {path}\n\n{_help(_inner(context, path))}"
        others = [path for path in sorted(records) if records[path].target not in listed]
        yield "\n# Not listed\n"
        for path in others:
            yield f"\n## {path}\n\n{_help(_inner(context, path))}"
        yield "\n# Earlier names\n\n| name | calls |\n|---|---|\n"
        for path, record in sorted(records.items()):
            if record.hidden and record.target in listed:
                yield f"| `{path}` | `{listed[record.target]}` |\n"


def _inner(context: click.Context, path: str) -> click.Context:
    """Return the context of a command, with those of the groups it is in."""
    for name in path.split():
        assert isinstance(context.command, click.Group)
        command = context.command.get_command(context, name)
        assert command is not None, path
        context = click.Context(command, parent=context, info_name=name)
    return context


def _ours() -> click.Context:
    """Return a context without other people's plugins."""
    listing = Plugins.load(Settings.load({})).listing()
    theirs = [info.name for info in listing if info.third_party]
    settings = cli.context_settings
    return click.Context(cli, info_name="codemem", obj=Host(blocked=theirs), **settings)


def _help(context: click.Context) -> str:
    # click keeps the first help option it made, and a test may have asked in another context.
    context.command._help_option = None
    context.terminal_width = _WIDTH
    return f"```text\n{context.get_help().rstrip()}\n```\n"


# --- routes of the server ------------------------------------------------------------------------


_HTTP = """# HTTP

The server's routes, as its OpenAPI document (`/api/openapi/openapi.json`) says. Every request over
TCP needs `Authorization: Bearer` with the token of `viewer.token`; one over the Unix socket needs
none. Errors are `{"error": …}`, some with a `hint`. Pages (`/api/pages/…`) answer with HTML when
`text/html` is asked for, else with JSON.
"""


def _routes() -> Iterator[str]:
    yield _HTTP
    schema = _openapi()
    for path, methods in sorted(schema["paths"].items()):
        for method, operation in methods.items():
            yield f"\n## {method.upper()} {path}\n\n{_about(operation)}\n"
            yield from _parameters(operation)


def _openapi() -> dict[str, Any]:
    from litestar import Litestar
    from litestar.di import Provide
    from litestar.openapi import OpenAPIConfig

    names = (
        *("store", "plugins", "settings", "intake", "worker"),
        *("receiving", "live", "keys", "meaning"),
    )
    plugins = _ours().obj.plugins
    app = Litestar(
        route_handlers=[
            *(plugins.target(route) for route in plugins.viewer_routes().values()),
            *hook_aliases(plugins),
        ],
        dependencies={name: Provide(lambda: None, sync_to_thread=False) for name in names},
        openapi_config=OpenAPIConfig("codemem", __version__, use_handler_docstrings=True),
    )
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    return schema


def _about(operation: dict[str, Any]) -> str:
    told: str = operation.get("description") or f"{operation.get('summary', '')}."
    return told


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    rows = []
    for each in operation.get("parameters", ()):
        needed = "required" if each.get("required") else ""
        rows.append(f"| `{each['name']}` | {each['in']} | {needed} |\n")
    body = operation.get("requestBody", {}).get("content", {})
    for media in body.values():
        for name in media.get("schema", {}).get("properties", ()):
            rows.append(f"| `{name}` | body | |\n")
    if rows:
        yield "\n| field | in | |\n|---|---|---|\n"
        yield from rows


# --- tools for agents ----------------------------------------------------------------------------


def _tools() -> Iterator[str]:
    import anyio  # noqa: PLC0415 - only this page needs the SDK

    from codemem_mcp.server import SERVER  # noqa: PLC0415

    yield "# MCP\n\nWhat `codemem mcp` offers an agent, in the words the model reads.\n"
    for tool in sorted(anyio.run(SERVER.list_tools), key=lambda tool: tool.name):
        yield f"\n## {tool.name}\n\n{inspect.cleandoc(tool.description or '')}\n"
        schema = tool.input_schema
        if schema.get("properties"):
            yield "\n| argument | |\n|---|---|\n"
        for name in schema.get("properties", ()):
            yield f"| `{name}` | {'required' if name in schema.get('required', ()) else ''} |\n"


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "docs/hooks.md": lambda: hooks(_ours().obj.plugins),
    "docs/internals.md": internals,
    "docs/reply.md": reply,
    "docs/reply.schema.json": schema,
    "docs/settings.md": _settings,
    "docs/cli.md": _commands,
    "docs/http.md": _routes,
    "docs/mcp.md": _tools,
}


def page(path: str) -> str:
    """Return what the page at this path should say."""
    made = _MADE if path.endswith(".md") else ""
    return made + "".join(PAGES[path]())


if __name__ == "__main__":
    for path in PAGES:
        (ROOT / path).write_text(page(path), encoding="utf-8")
