"""What this distribution offers: ways to reach a model, and places to find its credential."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import AuthSource, Embedder, ObserverRuntime, Setting, hookimpl
from codemem_observers.settings import SETTINGS

CODEMEM_API = 1


@hookimpl
def codemem_settings() -> tuple[Setting, ...]:
    """What steers the programs that are asked."""
    return SETTINGS


@hookimpl
def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
    """Offer a model over HTTP, through an agent's own command, and none at all."""
    yield ObserverRuntime(
        name="api_http",
        target="codemem_observers.api_http:ApiHttp",
        help="OpenAI, Anthropic or any OpenAI-compatible server, over HTTP.",
    )
    yield ObserverRuntime(
        name="claude_sidecar",
        target="codemem_observers.claude_sidecar:ClaudeSidecar",
        help="The local Claude command line, with its own login.",
        sends_to="Anthropic, through the `claude` command and its login",
        default_model="claude-4.5-haiku",
        needs_credential=False,
    )
    yield ObserverRuntime(
        name="opencode_run",
        target="codemem_observers.opencode_run:OpenCodeRun",
        help="The local `opencode run`, with OpenCode's providers and login.",
        sends_to="OpenCode's provider, through `opencode run` and its login",
        chosen_by="use_opencode_run",
        needs_credential=False,
    )
    yield ObserverRuntime(
        name="extractive",
        target="codemem_observers.extractive:Extractive",
        help="No model: reads the evidence by rules, offline.",
        needs_credential=False,
        offline=True,
    )


@hookimpl
def codemem_auth_sources() -> Iterator[AuthSource]:
    """Offer the places of a credential; `auto` tries them in turn."""
    yield AuthSource(
        name="auto",
        target="codemem_observers.auth.auto:Auto",
        help="`observer_api_key`, then environment, OpenCode's login, file and command.",
    )
    yield AuthSource(
        name="env",
        target="codemem_observers.auth.env:Env",
        help="The provider's own environment variables.",
    )
    yield AuthSource(
        name="file",
        target="codemem_observers.auth.file:File",
        help="What `observer_auth_file` holds.",
    )
    yield AuthSource(
        name="command",
        target="codemem_observers.auth.command:Command",
        help="What `observer_auth_command` prints.",
    )
    yield AuthSource(
        name="none",
        target="codemem_observers.auth.none:NoToken",
        help="No token: for servers that want none.",
    )


@hookimpl
def codemem_embedders() -> Iterator[Embedder]:
    """Offer a server's vectors."""
    yield Embedder(
        name="endpoint",
        target="codemem_observers.embeddings:EmbeddingEndpoint",
        dimension=0,
        help="Any OpenAI-compatible server, at `embedding_base_url`.",
    )
