"""Every hook, in the order an event travels through codemem.

Hooks declare, records do: an implementation returns small records and does no work. The host
imports a record's target when it first needs it and guards every call to it. Implement hooks as
plain functions in a module that the entry-point group `codemem` names:

    from codemem_core.api import AuthSource, hookimpl

    @hookimpl
    def codemem_auth_sources():
        return [AuthSource(name="keyring", target="codemem_keyring:Keyring")]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from codemem_core.config.settings import Setting
    from codemem_core.records.memory import Memory
    from codemem_core.records.seams import (
        AuthSource,
        BackgroundWorker,
        ChangeFollower,
        Command,
        Embedder,
        FlushPolicy,
        HealthCheck,
        HostSetup,
        IngestSource,
        ObserverRuntime,
        Page,
        Route,
    )

API = 1
"""The hooks' version; a plugin module may say `CODEMEM_API = 1`, a newer number is refused."""

OLDEST_API = 1
"""The oldest number this codemem still understands."""

hookspec = pluggy.HookspecMarker("codemem")
hookimpl = pluggy.HookimplMarker("codemem")


# --- settings ------------------------------------------------------------------------------------


@hookspec
def codemem_settings() -> Iterable[Setting]:
    """Offer settings of your own.

    Called once, when the plugins are loaded. Names and environment variables must be unique.

        return [Setting("keyring_service", "CODEMEM_KEYRING_SERVICE", default="codemem", help="…")]
    """
    return ()


# --- an event arrives ----------------------------------------------------------------------------


@hookspec
def codemem_ingest_sources() -> Iterable[IngestSource]:
    """Offer hosts whose events you understand.

    Called once; the source whose name a payload carries is imported when the first one arrives.

        return [IngestSource(name="cursor", target="codemem_cursor.events:Cursor")]
    """
    return ()


@hookspec(firstresult=True)
def codemem_project(cwd: str | None, payload: Mapping[str, Any]) -> str | None:
    """Name the project of an event, or return None to let the next plugin say.

    Called once an event that starts a stream. The core answers last: `CODEMEM_PROJECT`, then the
    repository or folder of `cwd`, then the payload's own `project`.

        return "monorepo-api" if cwd and cwd.endswith("/services/api") else None
    """


# --- a stream is flushed -------------------------------------------------------------------------


@hookspec
def codemem_flush_policies() -> Iterable[FlushPolicy]:
    """Offer rules that decide when a session's events become memories.

    Called once; the worker makes them when it starts. A stream is due as soon as one says so.

        return [FlushPolicy(name="lunch", target="codemem_lunch:AtNoon")]
    """
    return ()


@hookspec
def codemem_observer_runtimes() -> Iterable[ObserverRuntime]:
    """Offer ways to turn evidence into observations.

    Called once; the user chooses by name with `observer_runtime`.

        return [ObserverRuntime(name="ollama", target="codemem_ollama:Ollama")]
    """
    return ()


@hookspec
def codemem_auth_sources() -> Iterable[AuthSource]:
    """Offer places where the observer's credential may be.

    Called once; the user chooses by name with `observer_auth_source`.

        return [AuthSource(name="keyring", target="codemem_keyring:Keyring")]
    """
    return ()


@hookspec
def codemem_memory_saved(memory: Memory) -> None:
    """Hear of a memory that was just committed.

    Called after the commit, from the worker's thread, each implementation by itself: one that
    raises is reported and skipped. Be quick.

        subprocess.Popen(["notify-send", memory.title])
    """


@hookspec
def codemem_changes() -> Iterable[ChangeFollower]:
    """Offer what takes each committed change of memories, in order and once.

    Called once. The follower itself is called by the server, soon after a commit, for the changes
    since the ones it took last; no change is kept before `changes.follow` (of
    `codemem_core.api`) was called with its name.

        return [ChangeFollower(name="mirror", target="codemem_mirror:Outbox")]
    """
    return ()


@hookspec
def codemem_workers() -> Iterable[BackgroundWorker]:
    """Offer work that goes on in the background of the server.

    Called once; the server makes each worker when it starts and gives it a thread.

        return [BackgroundWorker(name="mirror", target="codemem_mirror:Sender")]
    """
    return ()


# --- a memory is wanted --------------------------------------------------------------------------


@hookspec
def codemem_embedders() -> Iterable[Embedder]:
    """Offer ways to turn text into vectors.

    Called once; only the server makes one. Without any, retrieval is lexical.

        return [Embedder(name="bge", target="codemem_bge:Bge", dimension=384)]
    """
    return ()


# --- people and programs -------------------------------------------------------------------------


@hookspec
def codemem_commands() -> Iterable[Command]:
    """Offer commands of the `codemem` program.

    Called once; a command's module is imported when somebody runs it.

        return [Command(name="hello", target="codemem_hello:hello", help="Say hello.")]
    """
    return ()


@hookspec
def codemem_viewer_routes() -> Iterable[Route]:
    """Offer pages or API routes of the viewer.

    Called once; the server imports them when it starts. Its guard stands before every route.

        return [Route(name="board", target="codemem_board:router")]
    """
    return ()


@hookspec
def codemem_viewer_pages() -> Iterable[Page]:
    """Offer pages of the viewer, each with a link in its navigation.

    Called once; a page's function is called whenever somebody looks at it. What a page changes, it
    changes through routes (`codemem_viewer_routes`) under `/api/`.

        return [
            Page(
                name="board",
                title="Board",
                target="codemem_board:board",
                template="codemem_board:board.html",
            )
        ]
    """
    return ()


@hookspec
def codemem_host_setups() -> Iterable[HostSetup]:
    """Offer agents that `codemem setup` can install codemem into.

    Called once; an installer is made when somebody runs the command.

        return [HostSetup(name="cursor", target="codemem_cursor.setup:Cursor", help="Cursor")]
    """
    return ()


@hookspec
def codemem_health_checks() -> Iterable[HealthCheck]:
    """Offer to look at a part of the installation that you know about.

    Called once; `codemem doctor` and the page *Health* make the target and ask it.

        return [HealthCheck(name="keyring", target="codemem_keyring.health:Keyring")]
    """
    return ()
