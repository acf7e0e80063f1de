"""Where in a memory the words of a query stand.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw
    from apsw import SQLiteValue

    from codemem_core.retrieval.hit import Hit

COLUMN_WEIGHTS = (1.5, 1.0, 0.25, 0.25)
"""How much a word counts in title, body, tags and words."""
# BM25: how soon repeating a word stops counting, and how much length takes away.
_K1, _B = 1.2, 0.75


class Match:
    """A hit and where the terms of the query stand in it.

    Bit n of a mask is term n, or the pair of terms n and n + 1.
    """

    __slots__ = (
        "adjacent", "average", "counts", "hit", "size", "title_size", "title_words", "words",
    )  # fmt: skip

    def __init__(self, hit: Hit, evidence: str = "0 0 0 0 0 0") -> None:
        """Read what `matched_words` wrote of this memory; without it no word matched."""
        self.hit = hit
        numbers = evidence.split()
        self.words, self.title_words, self.adjacent = map(int, numbers[:3])
        self.title_size, self.size, self.average = map(int, numbers[3:6])
        """Words of the title, of the memory, and of an average memory."""
        self.counts = [float(number) for number in numbers[6:]]
        """How often each term of the query, then of the context, stands in it, by column weight."""

    @property
    def length(self) -> float:
        """BM25's part of the memory's length: how often a word must stand there to count half."""
        return _K1 * (1 - _B + _B * self.size / max(1, self.average))

    def bm25(self, weights: Sequence[float], *, first: int = 0) -> float:
        """Return BM25 of the terms from `first` on; `weights` say how much each tells."""
        length = self.length
        counts = self.counts[first : first + len(weights)]
        return sum(
            weight * count * (_K1 + 1) / (count + length)
            for weight, count in zip(weights, counts, strict=False)
            if count
        )


def matched_words(api: apsw.FTS5ExtensionApi, *asked: SQLiteValue) -> str:
    """Write the numbers of a `Match`: an FTS5 function, called for each memory that is looked at.

    The phrases of the query are the `skip` that only find, then its `terms`, then the context's.
    """
    skip, terms = (int(number or 0) for number in asked)
    words = in_title = adjacent = 0
    before: list[list[int]] = []
    counts = []
    in_the_title, in_the_body, in_tags, in_words = COLUMN_WEIGHTS
    for at in range(api.phrase_count - skip):
        places = api.phrase_locations(skip + at)
        title, body, tags, hidden = map(len, places)
        counts.append(
            in_the_title * title + in_the_body * body + in_tags * tags + in_words * hidden
        )
        if at >= terms:
            continue
        if not counts[-1]:
            before = []
            continue
        words |= 1 << at
        in_title |= bool(title) << at
        if before and (_follows(before[0], places[0]) or _follows(before[1], places[1])):
            adjacent |= 1 << (at - 1)
        before = places
    average = api.column_total_size() // max(1, api.row_count)
    sizes = f"{api.column_size(0)} {api.column_size()} {average}"
    return f"{words} {in_title} {adjacent} {sizes} {' '.join(map(str, counts))}"


def _follows(first: list[int], second: list[int]) -> bool:
    """Say whether a word stands right behind the other anywhere."""
    return any(place + 1 in second for place in first) if second else False
