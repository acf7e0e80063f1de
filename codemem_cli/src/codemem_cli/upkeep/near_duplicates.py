"""Find memories that say the same in almost the same words.

Two texts are alike by the share of word pairs they have in common (Jaccard). To compare 100,000
of them with one another would take 5 billion comparisons. So each gets a signature, the smallest
hash of its word pairs in each of 48 parts of the hashes' range: of two texts every place of it is
equal as often as they are alike. Only those that have a few neighbouring places in common are
compared.
"""

from __future__ import annotations

import json
import re
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import apsw

from codemem_core.records.event import ORIGINS
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

THRESHOLD = 0.85
_PLACES = 48
_SURELY_ALIKE = 0.8
"""From here on 4 places in common are asked for, below it 2: of two texts 0.85 alike one pair in
7,000 is missed, of two 0.8 alike one in 500, of two 0.5 alike one in 1,000."""
_MOST_PAIRS = 400
"""Word pairs compared of one text; the longest have more."""
_CROWD = 50
"""Different texts with the same places beyond this number share a phrase, not what they say."""
_PAGE = 1000
_WORD = re.compile(r"\w+")
Progress = Callable[[int, int], object]
"""Called with how many memories are compared, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A memory as it is compared and shown."""

    id: int
    kind: str
    title: str
    project: str | None
    kept: bool
    """Whether a person pinned or confirmed it: it is never dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two memories that are alike, and which of them stays."""

    alike: float
    """0 to 1."""
    kept: Text
    dropped: Text


# What stays comes first: pinned, confirmed, its origin trusted more, longer, newer.
_BEST_FIRST = """
    SELECT m.id FROM memories m LEFT JOIN json_each(:origins) o ON o.value = m.origin
     WHERE active = 1 AND (:project IS NULL OR project = :project)
     ORDER BY pinned DESC, confirmed DESC, coalesce(o.key, -1) DESC,
              length(title) + length(body) DESC, created_ms DESC, m.id DESC
"""
_TEXTS = """
    SELECT m.id, kind, title, project, pinned OR confirmed, title || ' ' || body
      FROM json_each(:ids) i CROSS JOIN memories m ON m.id = i.value
     ORDER BY i.key
"""


def pairs(
    store: Store,
    *,
    threshold: float = THRESHOLD,
    project: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[Pair]:
    """Return what could be merged, most alike first; what one stays for is never dropped itself.

    Only memories of one project are compared, and summaries only with summaries. At most 50
    comparisons a crowd: the time grows with the number of memories, not with its square.
    """
    stay: dict[int, tuple[Text, array[int]]] = {}
    crowds: dict[int, tuple[int, ...]] = {}
    found = []
    with store.read() as db:
        wanted = {"origins": json.dumps(ORIGINS), "project": project}
        ids = [number for (number,) in rows(db, _BEST_FIRST, wanted)]
    for done, (text, hashes) in enumerate(_texts(store, ids), 1):
        progress(done, len(ids))
        bands = list(_bands(text, hashes, threshold))
        near = {number for band in bands for number in crowds.get(band, ())}
        shares = ((_share(hashes, stay[number][1], threshold), number) for number in near)
        alike, best = max(shares, default=(0.0, 0))
        if alike >= threshold and not text.kept:
            found.append(Pair(alike=alike, kept=stay[best][0], dropped=text))
            continue
        stay[text.id] = text, hashes
        for band in bands:
            crowds[band] = (*crowds.get(band, ())[: _CROWD - 1], text.id)
    return sorted(found, key=lambda pair: (-pair.alike, pair.dropped.id))


def _texts(store: Store, ids: Sequence[int]) -> Iterator[tuple[Text, array[int]]]:
    for start in range(0, len(ids), _PAGE):
        with store.read() as db:
            page = rows(db, _TEXTS, {"ids": json.dumps(ids[start : start + _PAGE])})
        for number, kind, title, project, kept, said in page:
            text = Text(id=number, kind=kind, title=title, project=project, kept=bool(kept))
            yield text, _hashes(said)


def _hashes(text: str) -> array[int]:
    """Return the hashes of a text's word pairs, smallest first, each once."""
    words = _WORD.findall(text.lower())
    found = {zlib.crc32(" ".join(pair).encode()) for pair in pairwise(words)}
    found = found or {zlib.crc32(text.encode())}
    return array("I", sorted(found)[:_MOST_PAIRS])


def _bands(text: Text, hashes: array[int], threshold: float) -> Iterator[int]:
    """Yield what two texts that are alike have in common at least once."""
    group = (text.project, text.kind == "session_summary")
    signature = _signature(hashes)
    width = 4 if threshold >= _SURELY_ALIKE else 2
    for at in range(0, _PLACES, width):
        yield hash((group, at, *signature[at : at + width]))


def _signature(hashes: array[int]) -> list[int]:
    """Return the smallest hash of each part; an empty part has that of the next one."""
    part = 2**32 // _PLACES + 1
    smallest = {number // part: number for number in reversed(hashes)}
    signature, last = [0] * _PLACES, smallest[min(smallest)]
    for place in reversed(range(_PLACES)):
        last = signature[place] = smallest.get(place, last)
    return signature


def _share(one: array[int], other: array[int], least: float) -> float:
    if min(len(one), len(other)) < max(len(one), len(other)) * least:
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
