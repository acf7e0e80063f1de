"""Every command, with arguments that work on the seeded database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import click

from codemem_cli.app import cli
from codemem_core.commands.host import Host
from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins

EVENT = {"session_id": "s9", "event_id": "e-1", "event_type": "user_prompt"}
INGEST = {"cwd": "/tmp", "events": [{"type": "user_prompt", "prompt_text": "why is VAT rounded"}]}

READS: dict[str, list[str]] = {
    "benefit": ["--all-projects"],
    "distil agents-md": [],
    "db backfill-tags": ["--dry-run", "--all-projects"],
    "claude-integration-status": [],
    "db backup": ["--list"],
    "db check": [],
    "db merge-duplicates": [],
    "db normalize-projects": [],
    "db prune-memories": [],
    "db prune-observations": [],
    "db prune-old": ["--older-than", "1w"],
    "log": ["--all-projects", "-n", "5"],
    "sessions": ["--all-projects", "-n", "5"],
    "db size-report": ["--limit", "2"],
    "db stats": [],
    "doctor": [],
    "dev eval questions": ["{questions}", "--all-projects"],
    "history": [],
    "export": ["-", "--all-projects", "--since", "2026-05-26"],
    "dev inject": ["VAT rounding", "--all-projects"],
    "dev pack": ["VAT rounding", "--all-projects"],
    "dev pack-benchmark": ["{prompts}", "--all-projects"],
    "dev pack-stats": ["--all-projects"],
    "project explain": ["/"],
    "project list": [],
    "project merge": ["shop-api", "shop-web", "--into", "shop"],
    "project rename": ["shop-api", "shop"],
    "project split": ["shop-api", "--folder", "/home/ada/shop-api", "--into", "shop"],
    "queue gate": ["--window-hours", "100000", "--min-flush-success-rate", "0"],
    "queue status": [],
    "recent": ["--all-projects"],
    "review": ["--all-projects"],
    "rules": ["--all-projects"],
    "queue reobserve": ["--all-projects", "--runtime", "extractive"],
    "search": ["VAT", "--all-projects"],
    "show": ["2"],
    "status": [],
    "timeline": ["VAT", "--all-projects"],
    "usage": ["--days", "3650"],
    "why": ["2"],
}
"""Commands that only look at the database."""

WRITES: dict[str, list[str]] = {
    "db backfill-discovery-tokens": [],
    "queue compact": ["--limit", "1"],
    "db vacuum": [],
    "edit": ["2", "--title", "Another title"],
    "queue enqueue": [],
    "queue flush": ["waiting-0-5c1e77", "--source", "claude"],
    "forget": ["3"],
    "import mem0": ["-"],
    "import history": ["claude", "--dry-run"],
    "import memories": ["-"],
    "queue ingest": [],
    "db init": [],
    "dev observer test": ["--runtime", "extractive"],
    "pin": ["4"],
    "db purge": ["--yes"],
    "queue retry": ["waiting-1-5c1e77", "--source", "claude"],
    "remember": ["note", "A title", "A body"],
    "review accept": ["1"],
    "review reject": ["2"],
    "queue spool drain": [],
    "undo": ["1"],
    "unpin": ["4"],
}
"""Commands that write to it."""

OTHERS: dict[str, list[str]] = {
    "completion": ["bash"],
    "config get": ["inject_limit"],
    "config list": [],
    "config path": [],
    "config set": ["inject_limit", "5"],
    "config unset": ["inject_limit"],
    "help": [],
    "normalize-imported-metadata": [],
    "plugins": [],
    "plugins new": ["every-one", "--seam", "auth", "--into", "{folder}"],
    "queue spool status": [],
    "version": [],
}
"""Commands that need no database."""

ELSEWHERE = {
    "config edit": "opens an editor: test_config_file",
    "db adopt": "test_adopt",
    "db restore": "test_backup",
    "db salvage": "test_salvage",
    "demo": "has a database of its own: test_demo",
    "db embed": "needs a model: test_meaning",
    "dev eval sessions": "reads a folder: tests/eval/test_sessions",
    "install-mcp": "changes another program: tests/opencode/test_install",
    "install-plugin": "changes another program: tests/opencode/test_install",
    "import basic-memory": "reads a folder: test_importers",
    "import agent-files": "reads a home: tests/transfer/test_agents_md",
    "import claude-files": "reads a home: tests/core/test_claude_files",
    "import claude-mem": "reads a database: test_importers",
    "open": "starts a server and a browser: tests/viewer/test_open_pages",
    "mcp": "speaks JSON-RPC: tests/mcp",
    "serve": "stays: tests/viewer/test_serve",
    "setup": "changes other programs: tests/claude/test_status",
    "share": "needs a team: tests/team/test_commands",
    "team add": "needs a server: tests/team/test_commands",
    "team approve": "needs a server: tests/team/test_sealed",
    "team devices": "needs a server: tests/team/test_sealed",
    "team rotate": "needs a server: tests/team/test_sealed",
    "team doctor": "needs a server: tests/team/test_commands",
    "team init": "needs a server: tests/team/test_commands",
    "team join": "needs a server: tests/team/test_commands",
    "team leave": "needs a team: tests/team/test_commands",
    "team remove": "needs a server: tests/team/test_commands",
    "team status": "needs a team: tests/team/test_commands",
    "team sync": "needs a server: tests/team/test_commands",
    "unshare": "needs a team: tests/team/test_commands",
}
"""Commands that have a test of their own, and why."""

STDIN = {
    "queue enqueue": json.dumps(EVENT),
    "import mem0": json.dumps([{"id": "m", "memory": "VAT is rounded once"}]),
    "import memories": json.dumps({"version": "1.0", "memory_items": [{"title": "VAT"}]}),
    "queue ingest": json.dumps(INGEST),
    "db purge": "exact `Decimal` values",
}
"""What some of them read."""

NO_JSON = {
    *("completion", "config edit", "demo", "help", "install-mcp", "install-plugin", "mcp", "open"),
}
"""Those that tell a person, a shell or a host something, and nothing to a program."""


@dataclass(slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Runner = Callable[..., Ran]
"""Runs a command by its name, with more arguments."""


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Yield every command of ours that people call, by its name; earlier names are left out."""
    theirs = [info.name for info in Plugins.load(Settings.load({})).listing() if info.third_party]
    root = click.Context(cli, info_name="codemem", obj=Host(blocked=theirs))
    listed = list(_leaves(cli, root, ""))
    yield from listed
    known = [command for _, command in listed]
    for path, record in root.obj.plugins.commands().items():
        hidden = root.obj.plugins.target(record) if record.hidden else None
        is_earlier = hidden in known or isinstance(hidden, click.Group)
        if hidden is not None and not is_earlier and "hook" not in path:
            yield path, hidden


def _leaves(
    command: click.Command, context: click.Context, path: str
) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    if command.invoke_without_command and path in {"plugins", "review"}:
        yield path, command
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        inside = click.Context(inner, parent=context, info_name=name)
        yield from _leaves(inner, inside, f"{path} {name}".strip())


def arguments(name: str, places: Mapping[str, object]) -> list[str]:
    """Return the command line of a command, without `codemem`."""
    more = next(table[name] for table in (READS, WRITES, OTHERS) if name in table)
    return [*name.split(), *(argument.format(**places) for argument in more)]
