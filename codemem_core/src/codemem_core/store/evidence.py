"""Where in a memory the words of a query stand.

On the hook path: no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

    from codemem_core.store.search import Hit

# Two words of a query that stand within so many words speak of the same thing.
_NEAR = 10
# Of a word that a long body repeats, the first places are enough.
_PLACES = 12


class Match:
    """A hit and where the terms of the query stand in it.

    Bit n of a mask is term n, or the pair of terms n and n + 1.
    """

    __slots__ = (
        "adjacent", "average", "bm25", "hit", "near", "near_in_title", "size", "title_size",
        "title_words", "words",
    )  # fmt: skip

    def __init__(self, hit: Hit, bm25: float = 0.0, evidence: str = "0 0 0 0 0 0 0 0") -> None:
        """Read what `matched_words` wrote of this memory; without it no word matched."""
        self.hit = hit
        self.bm25 = bm25
        """More is better."""
        numbers = [int(number) for number in evidence.split()]
        self.words, self.title_words, self.near, self.near_in_title, self.adjacent = numbers[:5]
        self.title_size, self.size, self.average = numbers[5:]
        """Words of the title, of the memory, and of an average memory."""


def matched_words(api: apsw.FTS5ExtensionApi, *_: object) -> str:
    """Write the numbers of a `Match`: an FTS5 function, called for each memory that is returned."""
    words = in_title = near = near_in_title = adjacent = 0
    before: list[list[int]] = []
    for at in range(api.phrase_count):
        places = api.phrase_locations(at)
        if not any(places):
            before = []
            continue
        words |= 1 << at
        in_title |= bool(places[0]) << at
        if before:
            pair = at - 1
            title, body = _distance(before[0], places[0]), _distance(before[1], places[1])
            near |= (min(title, body) <= _NEAR) << pair
            near_in_title |= (title <= _NEAR) << pair
            adjacent |= (min(title, body) == 1) << pair
        before = places
    average = api.column_total_size() // max(1, api.row_count)
    sizes = f"{api.column_size(0)} {api.column_size()} {average}"
    return f"{words} {in_title} {near} {near_in_title} {adjacent} {sizes}"


def _distance(first: list[int], second: list[int]) -> int:
    """Return how many words apart the two come closest; in the other order they are one further."""
    apart = [b - a if b > a else a - b + 1 for a in first[:_PLACES] for b in second[:_PLACES]]
    return min(apart, default=_NEAR + 1)
