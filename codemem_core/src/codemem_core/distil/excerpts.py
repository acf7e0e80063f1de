"""Which parts of a stretch a model is shown when not all of it fits.

Each item is cut into pieces: lines, or sentences of long ones. Pieces are chosen by what they add
for their length: names, figures and rare words that no chosen piece has told yet, weighted by who
said it. So what the user asked, what was answered, refused or failed, and what a turn closed with
come before output and narration, in any language, and nothing is shown twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import log2

from codemem_core.records.evidence import (
    Answer,
    EvidenceItem,
    Message,
    Prompt,
    ToolCall,
)

_PIECE_CHARS = 260
_PART_CHARS = 12_000
"""As much of one part is looked at: the beginning and the end."""
_GAP_CHARS = 4
_SHORT_WORD = 3
_PARTS = ("text", "input", "error", "output")
_OUTPUT_WEIGHTS = {"edit": 0.7, "run": 0.6, "ask": 2.0, "agent": 0.8}
_END_PIECES = 4
_AT_END = 1.6
"""Errors stand at the end of what a command prints."""
_EXPLAINING = 1.6
_AGAIN = (1.0, 0.2, 0.0)
"""What a word still adds that was shown never, once, more often."""
_WORD = re.compile(r"[^\W_](?:[\w.$@/#:+=-]*[\w$])?|[#$&*@=]{1,3}[\w=*]+")
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|(?<=[\u3002\uff01\uff1f])")
_NAME = re.compile(r"\d|_|[a-z][A-Z]|[A-Z]{2}|\w[./$@#:+=-]\w|^[#$@]")
_EXPLAINS = re.compile(
    r"\b(?:because|since|so that|root cause|turns? out|instead|rather than|the (?:problem|reason)"
    r"|weil|deshalb|parce que|porque|perché|omdat)\b|因为|所以|なぜなら|ため",
    re.IGNORECASE,
)
_COMMIT = re.compile(r"\bgit\b.{0,80}\bcommit\b", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A line or a sentence of one part of an item."""

    item: int
    part: str
    """`text`, or of a tool call `input`, `error` or `output`."""
    order: int
    """Its place in the part."""
    is_last: bool
    text: str
    weight: float
    """What a new word in it is worth."""


def choose(
    items: Sequence[EvidenceItem],
    room: int,
    *,
    length: Callable[[str], int],
    tags: Sequence[int],
) -> dict[int, list[Piece]]:
    """Return the chosen pieces of each item, in order; with all tags they take at most `room`.

    `length` says how many characters a text takes when it is shown, `tags` how many the tags of
    each item take.
    """
    pieces = [piece for index, item in enumerate(items) for piece in _pieces(index, item)]
    choice = _Choice(pieces, room, length, tags)
    for piece in _openings(items, pieces):
        choice.take(piece)
    choice.fill()
    found: dict[int, list[Piece]] = {}
    for piece in sorted(choice.taken, key=lambda p: (p.item, _PARTS.index(p.part), p.order)):
        found.setdefault(piece.item, []).append(piece)
    return found


def _pieces(index: int, item: EvidenceItem) -> Iterator[Piece]:
    for part, text, weight in _parts(item):
        cut = list(_cut(text))
        for order, piece in enumerate(cut):
            is_end = part in {"output", "error"} and order >= len(cut) - _END_PIECES
            factor = _AT_END if is_end else 1.0
            if part == "text" and _EXPLAINS.search(piece):
                factor = _EXPLAINING
            yield Piece(
                item=index,
                part=part,
                order=order,
                is_last=order == len(cut) - 1,
                text=piece,
                weight=weight * factor,
            )


def _parts(item: EvidenceItem) -> Iterator[tuple[str, str, float]]:
    """Yield the parts of an item with what a word of each is worth."""
    if isinstance(item, Prompt):
        yield "text", item.text, 3.0
    elif isinstance(item, Answer):
        yield "text", f"{item.question}\n{item.text}".strip(), 4.0
    elif isinstance(item, Message):
        yield "text", item.text, 3.2 if item.final else 2.0
    elif isinstance(item, ToolCall):
        committed = item.kind == "run" and _COMMIT.search(item.command or "") is not None
        yield "input", _input(item), 3.0 if committed else 1.0
        yield "error", item.error or "", 3.0 if item.refused else 1.6
        yield "output", item.output, _OUTPUT_WEIGHTS.get(item.kind, 0.3)
    else:
        yield "text", item.text, 2.4


def _input(item: ToolCall) -> str:
    if item.kind == "run" and item.command:
        return item.command
    if item.files_changed:
        return " ".join(item.files_changed)
    return "\n".join(f"{k}: {v}" for k, v in item.input.items() if isinstance(v, str | int))


def _cut(text: str) -> Iterator[str]:
    """Cut a text into lines, long lines into sentences, long sentences into equal parts."""
    if len(text) > _PART_CHARS:
        text = f"{text[: _PART_CHARS // 3]}\n{text[-_PART_CHARS * 2 // 3 :]}"
    for line in filter(str.strip, text.splitlines()):
        for sentence in [line] if len(line) <= _PIECE_CHARS else _SENTENCE.split(line):
            for at in range(0, len(sentence), _PIECE_CHARS):
                yield sentence[at : at + _PIECE_CHARS].rstrip()


def _openings(items: Sequence[EvidenceItem], pieces: Sequence[Piece]) -> list[Piece]:
    """Return what is shown in any case: how it all ends, how prompts and closing words begin."""
    talk: dict[int, Piece] = {}
    for piece in pieces:
        item = items[piece.item]
        narrates = isinstance(item, Message) and not item.final
        if not (narrates or isinstance(item, ToolCall)):
            talk.setdefault(piece.item, piece)
    last_tool = [piece for piece in pieces if piece.part in {"error", "output"}][-1:]
    return last_tool + sorted(talk.values(), key=lambda piece: piece.item, reverse=True)


def _worth(pieces: Sequence[Piece]) -> dict[str, float]:
    """Return what each word is worth: names more than others, and what comes up again and again."""
    by_item: dict[int, set[str]] = {}
    for piece in pieces:
        by_item.setdefault(piece.item, set()).update(_WORD.findall(piece.text))
    spread = Counter(word for words in by_item.values() for word in words)
    return {word: _base(word) * (0.6 + 0.4 * log2(1 + count)) for word, count in spread.items()}


def _base(word: str) -> float:
    if _NAME.search(word):
        return 1.6
    return 0.5 if len(word) > _SHORT_WORD else 0.05


class _Choice:
    """Takes pieces, best first, until the room is full."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        room: int,
        length: Callable[[str], int],
        tags: Sequence[int],
    ) -> None:
        self.taken: list[Piece] = []
        self._pieces = pieces
        self._room = room
        self._lengths = {piece: length(piece.text) for piece in pieces}
        self._tags = tags
        self._worth = _worth(pieces)
        self._words = [set(_WORD.findall(piece.text)) for piece in pieces]
        self._shown: Counter[str] = Counter()
        self._begun: set[tuple[int, str]] = set()

    def fill(self) -> None:
        """Take what adds most for its length, until nothing more fits."""
        done = set(self.taken)
        heap = [(-self._gain(n), n) for n, p in enumerate(self._pieces) if p not in done]
        heapify(heap)
        while heap and self._room > _GAP_CHARS:
            _, number = heappop(heap)
            now = -self._gain(number)
            if heap and now > heap[0][0]:
                heappush(heap, (now, number))  # others have shown a part of it meanwhile
            elif now < 0:
                self.take(self._pieces[number])

    def take(self, piece: Piece) -> None:
        """Take a piece if it fits."""
        cost = self._cost(piece)
        if cost > self._room:
            return
        self._room -= cost
        self._begun |= {(piece.item, ""), (piece.item, piece.part)}
        self._shown.update(set(_WORD.findall(piece.text)))
        self.taken.append(piece)

    def _gain(self, number: int) -> float:
        """Return what a piece adds for each character; a word shown once adds little again."""
        piece = self._pieces[number]
        new = sum(self._worth[w] * _AGAIN[min(2, self._shown[w])] for w in self._words[number])
        return piece.weight * new / self._cost(piece)

    def _cost(self, piece: Piece) -> int:
        cost = self._lengths[piece] + _GAP_CHARS
        if (piece.item, "") not in self._begun:
            cost += self._tags[piece.item]
        if (piece.item, piece.part) not in self._begun:
            cost += 2 * len(piece.part) + 5
        return cost
