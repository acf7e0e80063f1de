"""Find memories that say the same in almost the same words.

Two texts are alike by the share of word pairs they have in common (Jaccard). To compare 100,000
of them with one another would take 5 billion comparisons; two that are alike share one of the
smallest hashes of their word pairs, so only those that do are compared.
"""

from __future__ import annotations

import re
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import apsw

from codemem_core.records.events import ORIGINS
from codemem_core.store.connection import rows
from codemem_core.store.store import Store

THRESHOLD = 0.85
_SKETCH = 8
"""Smallest hashes looked at: of two texts 0.8 alike, all are different once in 400,000."""
_MOST_PAIRS = 400
"""Word pairs compared of one text; the longest have more."""
_CROWD = 200
"""Texts that share a hash beyond this number share a phrase, not what they say."""
_PAGE = 1000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A memory as it is compared and shown."""

    id: int
    kind: str
    title: str
    project: str | None
    rank: tuple[int, int, int, int, int]
    """The larger one is kept: pinned, confirmed, its origin trusted more, longer, newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two memories that are alike, and which of them stays."""

    alike: float
    """0 to 1."""
    kept: Text
    dropped: Text


_TEXTS = """
    SELECT id, kind, title, project, title || ' ' || body, pinned, confirmed, origin, created_ms
      FROM memories
     WHERE id > :after AND active = 1 AND (:project IS NULL OR project = :project)
     ORDER BY id LIMIT :page
"""


def pairs(store: Store, *, threshold: float = THRESHOLD, project: str | None = None) -> list[Pair]:
    """Return what could be merged, most alike first; each memory is dropped at most once.

    Only memories of one project are compared, and summaries only with summaries.
    """
    texts: dict[int, Text] = {}
    words: dict[int, array[int]] = {}
    crowds: dict[tuple[object, ...], list[int]] = defaultdict(list)
    alike: list[tuple[float, int, int]] = []
    for text, hashes in _texts(store, project):
        group = (text.project, text.kind == "session_summary")
        near = set()
        for smallest in hashes[:_SKETCH]:
            crowd = crowds[*group, smallest]
            if len(crowd) < _CROWD:
                near.update(crowd)
                crowd.append(text.id)
        for other in near:
            share = _share(hashes, words[other])
            if share >= threshold:
                alike.append((share, text.id, other))
        texts[text.id], words[text.id] = text, hashes
    return _chosen(sorted(alike, reverse=True), texts)


def _chosen(alike: Sequence[tuple[float, int, int]], texts: dict[int, Text]) -> list[Pair]:
    dropped: set[int] = set()
    kept: set[int] = set()
    chosen = []
    for share, one, other in alike:
        better, worse = sorted((texts[one], texts[other]), key=lambda t: t.rank, reverse=True)
        # What something else was dropped for has to stay, or a chain of pairs would lose both ends.
        if dropped & {one, other} or worse.id in kept or worse.rank[:2] != (0, 0):
            continue
        dropped.add(worse.id)
        kept.add(better.id)
        chosen.append(Pair(alike=share, kept=better, dropped=worse))
    return chosen


def _texts(store: Store, project: str | None) -> Iterator[tuple[Text, array[int]]]:
    after = 0
    while True:
        with store.read() as db:
            page = rows(db, _TEXTS, {"after": after, "project": project, "page": _PAGE})
        for number, kind, title, of_project, said, pinned, confirmed, origin, created_ms in page:
            trusted = ORIGINS.index(origin) if origin in ORIGINS else -1
            rank = (pinned, confirmed, trusted, len(said), created_ms)
            text = Text(id=number, kind=kind, title=title, project=of_project, rank=rank)
            yield text, _hashes(said)
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _hashes(text: str) -> array[int]:
    """Return the hashes of a text's word pairs, smallest first, each once."""
    words = _WORD.findall(text.lower())
    found = {zlib.crc32(" ".join(pair).encode()) for pair in pairwise(words)}
    found = found or {zlib.crc32(text.encode())}
    return array("I", sorted(found)[:_MOST_PAIRS])


def _share(one: array[int], other: array[int]) -> float:
    if min(len(one), len(other)) < max(len(one), len(other)) / 2:
        return 0.0
    a, b = set(one), set(other)
    return len(a & b) / len(a | b)


_MERGE = """
    UPDATE memories SET active = 0, deleted_ms = :now, updated_ms = :now,
           metadata = json_set(metadata, '$.merged_into', :kept)
     WHERE id = :dropped AND active = 1
       AND EXISTS (SELECT 1 FROM memories WHERE id = :kept AND active = 1)
"""
_TAKE_OVER = """
    UPDATE memories SET updated_ms = :now,
           {name} = (SELECT json_group_array(DISTINCT value) FROM (
               SELECT value FROM json_each(memories.{name})
               UNION ALL
               SELECT value FROM json_each((SELECT {name} FROM memories WHERE id = :dropped))))
     WHERE id = :kept
"""


def merge(db: apsw.Connection, found: Sequence[Pair], *, now_ms: int) -> int:
    """Forget what is said twice; what stays takes over the files. Return how many were merged."""
    merged = 0
    for pair in found:
        values = {"now": now_ms, "kept": pair.kept.id, "dropped": pair.dropped.id}
        db.execute(_MERGE, values)
        if not db.changes():
            continue
        merged += 1
        for name in ("files_read", "files_modified"):
            db.execute(_TAKE_OVER.format(name=name), values)
    return merged


def to_json(found: Sequence[Pair]) -> list[dict[str, object]]:
    """Return pairs for `--json`."""
    return [
        {"alike": round(pair.alike, 3), "kept": pair.kept.id, "dropped": pair.dropped.id,
         "titles": [pair.kept.title, pair.dropped.title]}
        for pair in found
    ]  # fmt: skip
