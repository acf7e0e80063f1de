"""Where in a memory the words of a query stand.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from codemem_core.store.search import Hit

COLUMN_WEIGHTS = (1.5, 1.0, 0.25, 0.25)
"""How much a word counts in title, body, tags and words."""
# Two words of a query that stand within so many words speak of the same thing.
_NEAR = 10
# Of a word that a long body repeats, the first places are enough.
_PLACES = 12
# BM25: how soon repeating a word stops counting, and how much length takes away.
_K1, _B = 1.2, 0.75


class Match:
    """A hit and where the terms of the query stand in it.

    Bit n of a mask is term n, or the pair of terms n and n + 1.
    """

    __slots__ = (
        "adjacent", "average", "counts", "hit", "near", "near_in_title", "size", "title_size",
        "title_words", "words",
    )  # fmt: skip

    def __init__(self, hit: Hit, evidence: str = "0 0 0 0 0 0 0 0") -> None:
        """Read what `matched_words` wrote of this memory; without it no word matched."""
        self.hit = hit
        numbers = evidence.split()
        self.words, self.title_words, self.near, self.near_in_title, self.adjacent = map(
            int, numbers[:5]
        )
        self.title_size, self.size, self.average = map(int, numbers[5:8])
        """Words of the title, of the memory, and of an average memory."""
        self.counts = [float(number) for number in numbers[8:]]
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


def matched_words(api: apsw.FTS5ExtensionApi, skip: int, terms: int) -> str:
    """Write the numbers of a `Match`: an FTS5 function, called for each memory that is looked at.

    The phrases of the query are `skip` that only find, then its `terms`, then the context's.
    """
    words = in_title = near = near_in_title = adjacent = 0
    before: list[list[int]] = []
    counts = []
    in_the_title, in_the_body, in_tags, in_words = COLUMN_WEIGHTS
    for at in range(api.phrase_count - skip):
        places = api.phrase_locations(skip + at)
        title, body, tags, hidden = map(len, places)
        counts.append(in_the_title * title + in_the_body * body + in_tags * tags + in_words * hidden)
        if at >= terms:
            continue
        if not counts[-1]:
            before = []
            continue
        words |= 1 << at
        in_title |= bool(places[0]) << at
        if before:
            pair = at - 1
            apart_in_title = _distance(before[0], places[0])
            apart = min(apart_in_title, _distance(before[1], places[1]))
            near |= (apart <= _NEAR) << pair
            near_in_title |= (apart_in_title <= _NEAR) << pair
            adjacent |= (apart == 1) << pair
        before = places
    average = api.column_total_size() // max(1, api.row_count)
    sizes = f"{api.column_size(0)} {api.column_size()} {average}"
    masks = f"{words} {in_title} {near} {near_in_title} {adjacent}"
    return f"{masks} {sizes} {' '.join(map(str, counts))}"


def _distance(first: list[int], second: list[int]) -> int:
    """Return how many words apart the two come closest; in the other order they are one further."""
    if not (first and second):
        return _NEAR + 1
    apart = [b - a if b > a else a - b + 1 for a in first[:_PLACES] for b in second[:_PLACES]]
    return min(apart)
