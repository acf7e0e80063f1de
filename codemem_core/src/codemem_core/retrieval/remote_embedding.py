"""What the server's embedder says of a question, for commands that have no embedder loaded.

The model lives in the server alone: it takes a second to load, and 150 MB.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from codemem_core import paths
from codemem_core.errors import CodememError
from codemem_core.hookpath.client import post_json
from codemem_core.store.engine.connection import rows

if TYPE_CHECKING:
    import apsw

    from codemem_core.config.settings import Settings

PATH = "/api/near"
_CONNECT_S = 0.2
_TOTAL_S = 5.0
"""A server that has just started loads the model first; after that an answer takes 30 ms."""
_FAILURES = (OSError, ValueError, TypeError, LookupError, AttributeError, CodememError)
_HAS_VECTORS = "SELECT 1 FROM vectors LIMIT 1"


def nearness(
    db: apsw.Connection, database: str, text: str, *, project: str | None, settings: Settings
) -> dict[int, float]:
    """Return how near memories are to `text`, by id; nothing without vectors or a warm server.

    Then words must do: a search never fails because of it.
    """
    if settings.flag("embedding_disabled") or not rows(db, _HAS_VECTORS):
        return {}
    try:
        near = _asked(database, {"text": text, "project": project})["near"]
        return {int(memory_id): float(value) for memory_id, value in near.items()}
    except _FAILURES:
        return {}


def server_problem(database: str) -> str:
    """Return why the running server goes by words; empty: it does not, or none answers."""
    try:
        return str(_asked(database, {"text": "codemem doctor", "project": None})["problem"])
    except _FAILURES:
        return ""


def _asked(database: str, question: dict[str, str | None]) -> dict[str, Any]:
    socket = paths.socket_path(database)
    paths.check_private_folder(os.path.dirname(socket))
    body = json.dumps(question).encode("ascii")
    status, reply = post_json(socket, PATH, body, connect_s=_CONNECT_S, total_s=_TOTAL_S)
    if status != 200:
        raise OSError(f"the server answered {status}")
    answer: dict[str, Any] = json.loads(reply)
    return answer
