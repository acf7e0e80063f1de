"""Faults planted into codemem as an arm: each must be seen by the figures."""

from __future__ import annotations

from functools import partial

import apsw

from codemem_core.store.engine.connection import rows
from codemem_eval.sessions.product import Codemem
from codemem_eval.sessions.recording import Session

_NEWEST = "SELECT id, title, body FROM memories WHERE active = 1 ORDER BY created_ms DESC LIMIT 3"
_CLIPPED = 28


class Newest:
    """A retriever that returns the newest memories, whatever is asked."""

    def __init__(self, real: Codemem) -> None:
        self.real = real

    def begin(self, session: Session) -> str:
        """Tell the brief."""
        return self.real.begin(session)

    def ask(self, session: Session, at: int) -> str:
        """Tell the newest where codemem tells anything."""
        return self.newest() if self.real.ask(session, at) else ""

    def end(self, session: Session) -> None:
        """Learn as ever."""
        self.real.end(session)

    def newest(self) -> str:
        """Return the newest memories as a pack shows them."""
        with self.real.store.read() as db:
            return "\n".join(f"[{n}] {title} {body}" for n, title, body in rows(db, _NEWEST))


class AlwaysSpeaks(Newest):
    """An injector that never keeps silent."""

    def ask(self, session: Session, at: int) -> str:
        """Tell the pack, else the newest."""
        return self.real.ask(session, at) or self.newest()


class Clips(Newest):
    """A distiller that cuts what it writes."""

    def ask(self, session: Session, at: int) -> str:
        """Tell as ever."""
        return self.real.ask(session, at)

    def end(self, session: Session) -> None:
        """Learn, and cut every memory."""
        self.real.end(session)
        self.real.store.write(partial(_clip, chars=_CLIPPED))


def _clip(db: apsw.Connection, *, chars: int) -> None:
    cut = "UPDATE memories SET title = substr(title, 1, ?), body = substr(body, 1, ?)"
    db.execute(cut, (chars, chars))
    db.execute("DELETE FROM messages")
