"""Measure what is taken for the same: `python benchmarks/sameness.py FOLDER [--growth]`.

FOLDER holds corpora as `dev eval` reads them. Each is one store; of its memories variants are
made that say the same, and variants that do not, and each is judged as the flush would judge it.
A merge of what is not the same loses knowledge, a missed one leaves a repetition: `wrong` has to be
0, `merged` may be less than 1. Each memory is also judged against the others of its corpus, where
only a person can say what is the same: what merges without repeating the very words is printed on
standard error, to be read.

`--growth`: what judging costs as a store of 1,000 to 100,000 memories grows.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import apsw

from codemem_core.distil.normal_form import sentences
from codemem_core.distil.reconcile import judge
from codemem_core.records.memory import Memory, NewMemory
from codemem_core.store import memories
from codemem_core.store.engine.store import Store
from codemem_eval.corpora import Corpus, corpora_below

_SAMPLED = 150
_COUNTED = ("asked", "merged", "wrong", "reworded", "outdated")
_SHOWN = ("wrongly", "to be read", "outdated")
_VERBS = (("Fix ", "Resolve "), ("Fixed ", "Resolved "), ("Add ", "Implement "),
          ("Added ", "Introduced "), ("Remove ", "Delete "), ("Update ", "Change "))  # fmt: skip
_SWAPPED = {"before": "after", "after": "before", "with": "without", "from": "to", "to": "from",
            "in": "out", "on": "off", "all": "no", "only": "also", "and": "not"}  # fmt: skip
Variant = Callable[[str, random.Random], str]


def main() -> int:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--growth", action="store_true")
    chosen = options.parse_args()
    corpora = corpora_below(chosen.folder)
    if chosen.growth:
        growth(corpora)
        return 0
    counts: Counter[tuple[str, str]] = Counter()
    for corpus in corpora:
        with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/m.sqlite") as store:
            store.write(corpus.fill)
            store.write(lambda db: _judge_corpus(db, counts))
    for name in dict.fromkeys(name for name, _ in counts):
        asked, merged, *others = (counts[name, what] for what in _COUNTED)
        told = "".join(f"{n:6} {what}" for n, what in zip(others, _SHOWN, strict=True))
        sys.stdout.write(f"{name:24} {asked:6} asked {merged / asked:8.4f} merged{told}\n")
    return 0


def _judge_corpus(db: apsw.Connection, counts: Counter[tuple[str, str]]) -> None:
    chance = random.Random(7)  # noqa: S311 - the same pairs each time
    known = [memory for one in _ids(db) if (memory := memories.get(db, one))]
    for memory in chance.sample(known, min(_SAMPLED, len(known))):
        for name, vary in SAME.items():
            _ask(db, counts, f"same: {name}", _varied(memory, vary, chance), memory)
        for name, vary in OTHER.items():
            _ask(db, counts, f"other: {name}", _varied(memory, vary, chance), memory)
    for memory in known:
        _among_others(db, counts, memory)


def _ask(
    db: apsw.Connection,
    counts: Counter[tuple[str, str]],
    name: str,
    new: NewMemory | None,
    old: Memory,
) -> None:
    if new is None:
        return
    judged = judge(db, new, session_id=old.session_id, batch=None, now_ms=new.created_ms)
    counts[name, "asked"] += 1
    counts[name, "merged"] += judged.twin is not None
    counts[name, "outdated"] += bool(judged.takes_back)
    counts[name, "wrong"] += name.startswith("other") and judged.twin is not None


def _among_others(db: apsw.Connection, counts: Counter[tuple[str, str]], memory: Memory) -> None:
    """Judge a memory against the others of its corpus; print what a person has to judge."""
    new = _new(memory, memory.title, memory.body)
    db.execute("UPDATE memories SET active = 0 WHERE id = ?", (memory.id,))
    judged = judge(db, new, session_id=memory.session_id, batch=None, now_ms=new.created_ms)
    db.execute("UPDATE memories SET active = 1 WHERE id = ?", (memory.id,))
    twin = memories.get(db, judged.twin) if judged.twin else None
    is_reworded = twin is not None and not _plain(memory) <= _plain(twin)
    counts["among others", "asked"] += 1
    counts["among others", "merged"] += twin is not None
    counts["among others", "outdated"] += bool(judged.takes_back)
    counts["among others", "reworded"] += is_reworded
    others = [memories.get(db, one) for one in judged.takes_back]
    for other in [*others, twin] if is_reworded else others:
        sys.stderr.write(f"{memory.title!r} / {memory.body[:200]!r}\n  {other and other.title!r}\n")


def _plain(memory: Memory) -> set[str]:
    return set(re.findall(r"\w+", f"{memory.title} {memory.body}".lower()))


def _varied(memory: Memory, vary: Variant, chance: random.Random) -> NewMemory | None:
    """Return a variant; None when there is nothing to vary in it."""
    body = vary(memory.body, chance)
    title = vary(memory.title, chance) if memory.body in {memory.title, body} else memory.title
    if (title, body) == (memory.title, memory.body):
        return None
    return _new(memory, title, body)


def _new(memory: Memory, title: str, body: str) -> NewMemory:
    return NewMemory(
        key="new",
        kind=memory.kind,
        title=title,
        body=body,
        files_modified=memory.files_modified,
        origin="user",
        created_ms=memory.created_ms + 86_400_000,
    )


def _ids(db: apsw.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT id FROM memories").fetchall()]


# --- variants that say the same ------------------------------------------------------------------


def _verbs(text: str, chance: random.Random) -> str:
    for one, other in _VERBS:
        text = text.replace(one, other)
    return text


def _articles(text: str, chance: random.Random) -> str:
    return re.sub(r"\b(the|a|an) (?=[a-z])", "", text)


def _inflected(text: str, chance: random.Random) -> str:
    return re.sub(r"\b(Add|Fix|Remov|Updat|Chang|Us)(e?)\b(?= [a-z])", r"\1ed", text)


def _markdown(text: str, chance: random.Random) -> str:
    return "\n".join(f"- {line}" for line in text.split("\n") if line.strip())


def _reordered(text: str, chance: random.Random) -> str:
    parts = re.split(r"(?<=[.!?])(\s+)(?=[A-Z])", text)
    told, between = parts[::2], parts[1::2]
    if "\n" in text.strip() or not told[-1].endswith((".", "!", "?")):
        return text
    chance.shuffle(told)
    return "".join(part for pair in zip(told, [*between, ""], strict=True) for part in pair)


def _shortened(text: str, chance: random.Random) -> str:
    parts = re.split(r"(?<=[.!?])\s+", text)
    return " ".join(parts[:-1]) if len(parts) > 1 else text


def _flipped(text: str, chance: random.Random) -> str:
    return re.sub(r"\b([a-z]+) of the ([a-z]+)\b", r"\2 \1", text)


def _spelt(text: str, chance: random.Random) -> str:
    return re.sub(
        r"\bisn't\b", "is not", text.replace("don't", "do not").replace("doesn't", "does not")
    )


# --- variants that do not ------------------------------------------------------------------------


def _one_of(pattern: str, change: Callable[[re.Match[str], random.Random], str]) -> Variant:
    """Change one match of a pattern, chosen by chance."""

    def vary(text: str, chance: random.Random) -> str:
        found = list(re.finditer(pattern, text))
        if not found:
            return text
        match = chance.choice(found)
        return text[: match.start()] + change(match, chance) + text[match.end() :]

    return vary


def _swapped_words(text: str, chance: random.Random) -> str:
    """Let two words of one sentence change places."""
    parts = text.split(" ")
    able = [at for at, word in enumerate(parts)
            if re.fullmatch(r"[a-z]{4,}", word) and sentences([word])]  # fmt: skip
    if len(able) < 2:
        return text
    at, other = sorted(chance.sample(able, 2))
    if any(re.search(r"[.!?;\n]", word) for word in parts[at:other]) or _alike(
        text, parts, at, other
    ):
        return text
    parts[at], parts[other] = parts[other], parts[at]
    return " ".join(parts)


def _alike(text: str, parts: list[str], at: int, other: int) -> bool:
    """Say whether the swap changes nothing: a side of `and`, or the same word."""
    return sentences([parts[at]]) == sentences([parts[other]]) or parts[at + 1 : other] == ["and"]


SAME: dict[str, Variant] = {
    "other verb": _verbs,
    "no articles": _articles,
    "other ending": _inflected,
    "as a list": _markdown,
    "sentences reordered": _reordered,
    "last sentence gone": _shortened,
    "x of y, y x": _flipped,
    "not spelt out": _spelt,
}
OTHER: dict[str, Variant] = {
    "number": _one_of(r"(?<![\w.])\d+(?![\w.])", lambda m, c: str(int(m[0]) + c.randint(1, 90))),
    "identifier": _one_of(r"\b\w+_\w+\b", lambda m, c: m[0] + "_v2"),
    "path": _one_of(r"\b[\w-]+(?=\.(?:py|ts|go|js|md)\b)", lambda m, c: "other" + m[0]),
    "not": _one_of(r"\b(?:is|are|was|does|can|will|should)\b", lambda m, c: f"{m[0]} not"),
    "small word": _one_of(rf"\b(?:{'|'.join(_SWAPPED)})\b", lambda m, c: _SWAPPED[m[0]]),
    "word": _one_of(r"\b[a-z]{5,}\b", lambda m, c: c.choice(["cache", "socket", "parser"])),
    "words swapped": _swapped_words,
    "more said": lambda text, c: (
        f"{text}\n\nIt also closes the socket of port {c.randint(1, 999)}."
    ),
}


# --- cost ----------------------------------------------------------------------------------------


def growth(corpora: list[Corpus]) -> None:
    """Print what judging costs in processor time, the median and the 95th of 100."""
    docs = [doc for corpus in corpora for doc in corpus.docs]
    for size in (1_000, 10_000, 100_000):
        many = replace(corpora[0], docs=[docs[at % len(docs)] for at in range(size)])
        with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/m.sqlite") as store:
            store.write(many.fill)
            with store.read() as db:
                taken = sorted(_timed(db))
        middle, slow = taken[len(taken) // 2], taken[len(taken) * 95 // 100]
        sys.stdout.write(f"{size:8,} memories: {middle:6.2f} ms, the 95th of 100 {slow:6.2f} ms\n")


def _timed(db: apsw.Connection) -> Iterator[float]:
    for one in range(1, 1_000, 5):
        memory = memories.get(db, one)
        assert memory is not None
        new = _new(memory, f"{memory.title} anew", memory.body)
        began = time.thread_time()
        judge(db, new, session_id=memory.session_id, batch=None, now_ms=0)
        yield 1000 * (time.thread_time() - began)


if __name__ == "__main__":
    sys.exit(main())
