"""A memory that a search found, and the columns it is read from.

On the hook path: no imports beside one that is on it.
"""

from __future__ import annotations

from codemem_core.store.conditions import HELD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

COLUMNS = f"""
    m.id, m.session_id, m.kind, m.title, m.body, m.tags, m.confidence, m.origin, m.confirmed,
    m.project, m.created_ms, m.files_modified, m.support, m.seen_ms, m.told, m.used, m.pinned,
    (SELECT newer.id FROM memories newer WHERE newer.id = m.outdated_by AND newer.active = 1),
    {HELD}
"""  # noqa: S608 - constants of ours
"""What a `Hit` is read from, of memories `m`."""


class Hit:
    """A memory that was found, and why it stands where it stands."""

    __slots__ = (
        "body", "code", "confidence", "confirmed", "created_ms", "files_modified", "held", "id",
        "kind", "matched", "origin", "outdated_by", "parts", "pinned", "project", "score",
        "seen_ms", "session_id", "support", "tags", "title", "told", "used",
    )  # fmt: skip

    def __init__(self, row: Sequence[Any]) -> None:  # noqa: PLR0915 - one for each column
        self.id: int = row[0]
        self.session_id: int = row[1]
        self.kind: str = row[2]
        self.title: str = row[3]
        self.body: str = row[4]
        self.tags: str = row[5]
        self.confidence: float = row[6]
        self.origin: str = row[7]
        self.confirmed: bool = bool(row[8])
        self.project: str | None = row[9]
        self.created_ms: int = row[10]
        self.files_modified: str = row[11]
        """A JSON array of paths."""
        self.support: int = row[12]
        self.seen_ms: int = row[13]
        self.told: int = row[14]
        """Sessions whose prompts were told it; `used`: that did something with it after that."""
        self.used: int = row[15]
        self.pinned: bool = bool(row[16])
        self.outdated_by: int | None = row[17]
        """The newer memory that says otherwise, unless that was forgotten."""
        self.held: bool = bool(row[18])
        """Not to be injected until a person confirms it."""
        self.code = ""
        """What became of the files it names since it was written; empty: nothing known."""
        self.score = 0.0
        """0 to 1; the sum of `parts`."""
        self.parts: dict[str, float] = {}
        """What each reason adds to the score: words, phrases, title, session, recency, …"""
        self.matched: tuple[str, ...] = ()
        """The terms of the query that occur in it."""


class Found(list[Hit]):
    """What a search found, best first."""

    __slots__ = ("confidence", "near", "terms", "weights")

    def __init__(
        self,
        hits: Iterable[Hit],
        terms: list[str],
        confidence: float,
        *,
        near: Collection[int] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(hits)
        self.terms = terms
        """What was looked for."""
        self.confidence = confidence
        """0 to 1: how sure it is that the store has something to say about the query."""
        self.near = near
        """Ids of what an embedder finds near in meaning."""
        self.weights = weights or {}
        """How well each term tells memories apart: 1 for one that stands in a single one."""
