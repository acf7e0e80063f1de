"""What the server's embedder says of a question, for commands that have no embedder loaded.

The model lives in the server alone: it takes a second to load, and 150 MB.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from codemem_core import paths
from codemem_core.client import post_json
from codemem_core.errors import CodememError
from codemem_core.store.connection import rows

if TYPE_CHECKING:
    import apsw

    from codemem_core.settings import Settings

PATH = "/api/near"
_CONNECT_S = 0.2
_TOTAL_S = 5.0
"""A server that has just started loads the model first; after that an answer takes 30 ms."""
_HAS_VECTORS = "SELECT 1 FROM vectors LIMIT 1"


def nearness(
    db: apsw.Connection, database: str, text: str, *, project: str | None, settings: Settings
) -> dict[int, float]:
    """Return how near memories are to `text`, by id; nothing without vectors or a warm server.

    Then words must do: a search never fails because of it.
    """
    if settings.flag("embedding_disabled") or not rows(db, _HAS_VECTORS):
        return {}
    asked = json.dumps({"text": text, "project": project}).encode("ascii")
    socket = paths.socket_path(database)
    try:
        paths.check_private_folder(os.path.dirname(socket))
        status, reply = post_json(socket, PATH, asked, connect_s=_CONNECT_S, total_s=_TOTAL_S)
        near = json.loads(reply)["near"] if status == 200 else {}
        return {int(memory_id): float(value) for memory_id, value in near.items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, CodememError):
        return {}
