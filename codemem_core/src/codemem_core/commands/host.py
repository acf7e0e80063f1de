"""What every command needs: settings, plugins, the database and the current project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import apsw
import click

from codemem_core import paths
from codemem_core.commands.announced import announce
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError, InputError
from codemem_core.plugins.agent_marks import agent_session
from codemem_core.store import projects
from codemem_core.store.engine.connection import connect
from codemem_core.store.engine.store import Store

if TYPE_CHECKING:
    from codemem_core.plugins.registry import Plugins

F = TypeVar("F", bound=Callable[..., Any])


class Host:
    """One run of the program; made once, handed to commands with `pass_host`."""

    def __init__(
        self, *, blocked: Sequence[str] = (), environ: Mapping[str, str] | None = None
    ) -> None:
        self.settings = Settings.load(environ)
        self.blocked = blocked
        """Names of plugins to go without, from `-p no:NAME`."""

    @cached_property
    def plugins(self) -> Plugins:
        """The installed plugins."""
        from codemem_core.plugins.registry import Plugins  # noqa: PLC0415 - 50 ms; not all commands ask

        loaded = Plugins.load(self.settings, blocked=self.blocked)
        announce(loaded.listing())
        return loaded

    def with_observer(self, runtime: str | None, model: str | None) -> Host:
        """Return the same host with another observer runtime or model, where one is named."""
        named = {"CODEMEM_OBSERVER_RUNTIME": runtime, "CODEMEM_OBSERVER_MODEL": model}
        chosen = {name: value for name, value in named.items() if value}
        if runtime:  # which no flag may overrule
            settings, runtimes = self.plugins.settings(), self.plugins.observer_runtimes()
            flags = (record.chosen_by for record in runtimes.values() if record.chosen_by)
            chosen |= {settings[flag].env: "0" for flag in flags}
        return Host(blocked=self.blocked, environ={**self.settings.environ, **chosen})

    def store(self, db_path: str | None) -> Store:
        """Open the database: `--db-path`, else `CODEMEM_DB`, else the default."""
        return Store.open(paths.database_path(self.settings, db_path))

    def agent_session(self) -> str | None:
        """Return the session of the agent that runs this program; None when a person does."""
        return agent_session(self.plugins.ingest_sources().values(), self.settings.environ)

    def refuse_agents(self, what: str) -> None:
        """Raise `InputError` when an agent runs this program; `what` is what it wanted to do."""
        if self.agent_session() is not None:
            raise InputError(f"an agent may not {what}", hint="run it in a terminal of your own")

    def project(self, project: str | None, *, everywhere: bool) -> str | None:
        """Return the project to look at: as named, else the current folder's, else all (None)."""
        if everywhere:
            return None
        cwd = paths.working_folder()
        return project or self._settled(self.plugins.project(cwd, {}), cwd)

    def _settled(self, label: str | None, cwd: str) -> str | None:
        """Return what the database of this command calls a place: people may have renamed it."""
        asked = click.get_current_context(silent=True)
        named = asked.params.get("db_path") if asked else None
        path = paths.database_path(self.settings, named)
        try:
            db = connect(path, readonly=True)
        except CodememError:
            return label  # whoever opens it to work with it says what is wrong
        try:
            return projects.settled(db, label, cwd)
        except apsw.Error:
            return label
        finally:
            db.close(True)


class Group(click.Group):
    """A group whose help tells each command's first sentence in full."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list; click's own cuts it to a line each."""
        rows = [
            (name, command.get_short_help_str(limit=200))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


pass_host = click.make_pass_decorator(Host)

db_option = click.option(
    "--db-path", type=click.Path(dir_okay=False), help="The database. [default: $CODEMEM_DB]"
)
apply_option = click.option(
    "--yes", "--apply", "apply", is_flag=True, help="Do it. [default: only show what would change]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

always_json_option = click.option(
    "--json", is_flag=True, expose_value=False, help="Accepted; the output is always JSON."
)


def project_options(command: F) -> F:
    """Add `--project NAME` and `--all-projects`."""
    command = click.option("--project", help="Whose memories. [default: this folder's]")(command)
    return click.option("--all-projects", is_flag=True, help="Every project's memories.")(command)


def observer_options(command: F) -> F:
    """Add `--runtime NAME` and `--model NAME`."""
    command = click.option("--model", help="Ask this model. [default: the configured one]")(command)
    return click.option("--runtime", help="Use this runtime. [default: the configured one]")(
        command
    )
