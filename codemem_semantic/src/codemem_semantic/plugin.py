"""What this distribution offers: one embedder."""

from __future__ import annotations

from collections.abc import Iterator

from codemem_core.api import Embedder, hookimpl

CODEMEM_API = 1


@hookimpl
def codemem_embedders() -> Iterator[Embedder]:
    """Offer bge-small-en-v1.5."""
    yield Embedder(
        name="bge",
        target="codemem_semantic.bge:Bge",
        dimension=384,
        help="bge-small-en-v1.5 in 8 bits, on this machine.",
    )
