"""What plugins hand over: small frozen records that name their code, not run it.

A record is cheap to make and to list; its `target` is imported only when it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemem_core.errors import PluginError

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_TEMPLATE = re.compile(r"[A-Za-z_][\w.]*:[a-z_][a-z0-9_]*\.html")

READ = "Read"
CORRECT = "Correct"
SERVICE = "Set up and run"
MORE = "More"
GROUPS = (READ, CORRECT, SERVICE, MORE)
"""Headings of `codemem --help`, in this order; commands of other groups follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamRecord:
    """What every seam's record has; raises `PluginError` for a bad name or target."""

    name: str
    """Lower-case, unique among installed plugins; users write it in their settings."""
    target: str
    """Where the code lives, as `package.module:Name`; imported on first use."""
    help: str = ""
    """One line for lists and `--help`."""

    @property
    def path(self) -> str:
        """What the record is known by, unique in its seam."""
        return self.name

    def __post_init__(self) -> None:
        """Refuse a name or a target that could never be used."""
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"not a plugin name (lower-case, digits, `_`, `-`): `{self.name}`")
        if not _TARGET.fullmatch(self.target):
            raise PluginError(f"not a target (`package.module:Name`): `{self.target}`")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSource(SeamRecord):
    """A host whose events codemem understands; target makes a `Source`."""

    hook_path: str = ""
    """Another path at which the server takes its hooks, beside `/api/hooks/NAME`."""
    agent_marks: tuple[str, ...] = ()
    """Environment variables that the host sets for what its agent runs: where one is set, an agent
    calls `codemem`, not a person."""
    session_mark: str = ""
    """The one of them that holds the session's id, if any does."""
    note_files: tuple[str, ...] = ()
    """Files and folders of Markdown that its agent is told or keeps notes in: the user's own begin
    with `~/`, others lie at the root of a project. `codemem import agent-files` reads them."""
    takes_unnamed: bool = False
    """Raw events that name no source are this host's; one host at most may say so."""
    session_keys: tuple[str, ...] = ()
    """Other fields in which its raw events name their session, beside `session_id`."""


class FlushPolicy(SeamRecord):
    """A rule that decides when a stream is flushed; target makes a `Policy`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverRuntime(SeamRecord):
    """A way to turn evidence into observations; target makes a `Observer`."""

    default_model: str | None = None
    """What it asks when the user named no model."""
    needs_credential: bool = True
    """False when it has a login of its own, or needs none."""
    offline: bool = False
    """It asks nobody and costs nothing: the fall-back without a credential or a budget."""
    sends_to: str = ""
    """Who reads the text, where the settings do not say: a vendor and how it is reached."""
    chosen_by: str = ""
    """A flag of the settings that chooses it, whatever `observer_runtime` says."""


class AuthSource(SeamRecord):
    """A place where the observer's credential may be; target makes a `TokenSource`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder(SeamRecord):
    """A way to turn text into vectors; target makes a `TextEmbedder`."""

    dimension: int
    """Length of its vectors; 0 when only the model knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(SeamRecord):
    """A command of the `codemem` program; target is a `click.Command`."""

    group: str = MORE
    """The heading under which `--help` lists it: one of those it has, or another."""
    hidden: bool = False
    """Left out of `--help`: called by hosts, or kept under an earlier name."""
    parent: str = ""
    """The command it is a subcommand of, such as `db` or `import`; empty for none."""

    @property
    def path(self) -> str:
        """The command line that calls it, without `codemem`: unique among commands."""
        return f"{self.parent} {self.name}".strip()


class ChangeFollower(SeamRecord):
    """What takes each committed change of memories; target makes a `Follower`.

    It is called once `changes.follow` (of `codemem_core.api`) was called with its name.
    """


class BackgroundWorker(SeamRecord):
    """Work that goes on while the server runs; target makes a `Worker`."""


class HealthCheck(SeamRecord):
    """A look at one part of an installation; target makes an `Examiner`."""


class Route(SeamRecord):
    """Pages or API routes of the viewer; target is a Litestar router.

    Its `opt={"warm_up": function}` names what the server does once it runs, in a thread.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(SeamRecord):
    """A page of the viewer, at `/NAME` and in its navigation; target is a function.

    It is called as `target(store, settings, query)`, in a thread, each time somebody looks, and
    returns a mapping with what the template shows. `query` holds the address's parameters. Programs
    get the mapping as JSON at `/api/pages/NAME`.
    """

    title: str
    """What the navigation calls it."""
    template: str
    """A Jinja template, as `package:file.html`; the file lies in the package's `templates` folder.

    It may import the viewer's own macros, such as `row` from `_memory.html`.
    """

    def __post_init__(self) -> None:
        """Refuse a template that could never be found."""
        SeamRecord.__post_init__(self)
        if not _TEMPLATE.fullmatch(self.template):
            raise PluginError(f"not a template (`package:file.html`): `{self.template}`")


class HostSetup(SeamRecord):
    """An agent that codemem can be installed into; target makes a `Installer`."""
