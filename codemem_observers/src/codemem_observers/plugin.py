"""What this distribution offers: ways to reach a model, and places to find its credential."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import AuthSource, Embedder, ObserverRuntime

CODEMEM_API = 1


@hookimpl
def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
    """Offer a model over HTTP, and none at all."""
    yield ObserverRuntime(
        name="api_http",
        target="codemem_observers.api_http:ApiHttp",
        help="OpenAI, Anthropic or any OpenAI-compatible server, over HTTP.",
    )
    yield ObserverRuntime(
        name="extractive",
        target="codemem_observers.extractive:Extractive",
        help="No model: reads the evidence by rules, offline.",
        needs_credential=False,
    )


@hookimpl
def codemem_auth_sources() -> Iterator[AuthSource]:
    """Offer the places of a credential; `auto` tries them in turn."""
    yield AuthSource(
        name="auto",
        target="codemem_observers.auth.auto:Auto",
        help="`observer_api_key`, then environment, file and command.",
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
        target="codemem_observers.embeddings:Endpoint",
        dimension=0,
        help="Any OpenAI-compatible server, at `embedding_base_url`.",
    )
