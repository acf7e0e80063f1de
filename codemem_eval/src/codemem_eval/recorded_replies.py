"""An observer that gives replies a model gave before: the same answer for everybody, offline."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from pathlib import Path
from threading import Lock

from codemem_core.config.settings import Settings
from codemem_core.errors import InputError, PermanentError
from codemem_core.records.protocols import ObserveRequest, ObserverReply

MODEL = "recorded"


class RecordedReplies:
    """Answers each request of a session with its next reply from `eval_replies`.

    A session without one is refused for good, so that the offline observer takes it.
    """

    def __init__(self, settings: Settings) -> None:
        path = settings.path("eval_replies")
        if not path:
            raise InputError("no file with recorded replies", hint="set `CODEMEM_EVAL_REPLIES`")
        self._replies: dict[str, deque[str]] = defaultdict(deque)
        self._lock = Lock()
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            self._replies[row["session"]].append(row["reply"])

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Return the session's next reply."""
        with self._lock:
            left = self._replies.get(request.evidence.stream_id)
            if not left:
                raise PermanentError("no recorded reply for this session")
            return ObserverReply(text=left.popleft(), model=MODEL)
