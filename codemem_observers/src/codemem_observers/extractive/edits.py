"""What an edit did to its files, from the diff or from what the tool was told."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from codemem_observers.extractive.phrasing import joined
from codemem_observers.extractive.symbols import defined_name, defined_test

# Longer edits are not read line by line: what they define is at their start, mostly.
MAX_LINES = 4000
# A replacement is quoted when a reader takes it in at a glance.
MAX_QUOTED = 110

# Names written as programs write them: camelCase, snake_case, kebab-case classes are left to CSS.
_IDENTIFIER = re.compile(
    r"\b(?:[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+|[a-z]+_[a-z0-9_]+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"
)


def identifiers(lines: list[str]) -> list[str]:
    """Return the names in lines that are written as programs write them, each once."""
    return list(dict.fromkeys(_IDENTIFIER.findall("\n".join(lines[:MAX_LINES]))))


@dataclass(slots=True)
class FileChange:
    """One file's changes in one turn."""

    path: str
    created: bool = False
    deleted: bool = False
    moved_to: str = ""
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)

    def describe(self) -> str:
        """Return how the file changed, without its path: short, and only what the diff shows."""
        if self.deleted:
            return "deleted"
        if self.moved_to:
            return f"moved to `{self.moved_to}`"
        names = _Names(self)
        if self.created:
            parts = [f"new file, {len(self.added)} lines", names.listed("with", names.added)]
        elif quoted := self._quoted():
            return quoted
        else:
            parts = [
                f"renamed {names.renamed[0]} to {names.renamed[1]}" if names.renamed else "",
                names.listed("added", names.added),
                names.listed("changed", names.changed),
                names.listed("removed", names.removed),
            ]
        tests = joined([f"“{name}”" for name in names.tests], limit=3)
        parts.append(f"{'tests' if len(names.tests) > 1 else 'test'} {tests}" if tests else "")
        described = "; ".join(part for part in parts if part)
        return described or self._counted()

    def _counted(self) -> str:
        """Return how many lines changed, and names that are new in them."""
        old = set(_IDENTIFIER.findall("\n".join(self.removed)))
        new = Counter(_IDENTIFIER.findall("\n".join(self.added[:MAX_LINES])))
        fresh = [name for name, _ in new.most_common() if name not in old][:5]
        gone = [
            n for n in dict.fromkeys(_IDENTIFIER.findall("\n".join(self.removed))) if n not in new
        ][:5]
        plural = "s" * (len(self.added) != 1)
        counts = f"{len(self.added)} line{plural} added, {len(self.removed)} removed"
        names = [
            f"now with {joined([f'`{name}`' for name in fresh])}" if fresh else "",
            f"no longer {joined([f'`{name}`' for name in gone])}" if gone and not fresh else "",
        ]
        return "; ".join([counts, *filter(None, names)])

    def _quoted(self) -> str:
        """Return `before → after` for an edit of one line, or the one line that came or went."""
        old = [line.strip() for line in self.removed if line.strip()]
        new = [line.strip() for line in self.added if line.strip()]
        if len(set(old)) == len(set(new)) == 1 and "`" not in old[0] + new[0]:
            before, after = _differing(old[0], new[0])
            return f"`{before}` → `{after}`"
        if not old and len(new) == 1 and len(new[0]) <= MAX_QUOTED and "`" not in new[0]:
            return f"added `{new[0]}`"
        if not new and len(old) == 1 and len(old[0]) <= MAX_QUOTED and "`" not in old[0]:
            return f"removed `{old[0]}`"
        return ""


class _Names:
    """The definitions that came, went, changed or were renamed in a file."""

    def __init__(self, change: FileChange) -> None:
        new = _defined(change.added, change.path)
        old = _defined(change.removed, change.path)
        self.tests = [n for n in _tests(change.added) if n not in _tests(change.removed)]
        self.added = [name for name in new if name not in old]
        self.removed = [name for name in old if name not in new]
        self.changed = [name for name in new if name in old]
        self.renamed = self._rename()

    def _rename(self) -> tuple[str, str] | None:
        if len(self.added) != 1 or len(self.removed) != 1:
            return None
        old, new = self.removed[0], self.added[0]
        if SequenceMatcher(None, old, new).ratio() < 0.6:
            return None
        self.added, self.removed = [], []
        return old, new

    @staticmethod
    def listed(verb: str, names: list[str]) -> str:
        return f"{verb} {joined(names)}" if names else ""


def _defined(lines: list[str], path: str) -> list[str]:
    names = (defined_name(line, path) for line in lines[:MAX_LINES] if not defined_test(line))
    return list(dict.fromkeys(name for name in names if name))


def _tests(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(name for line in lines[:MAX_LINES] if (name := defined_test(line))))


def _differing(old: str, new: str) -> tuple[str, str]:
    """Return both lines, or when they are long only where they differ, from a word's start."""
    if len(old) <= MAX_QUOTED and len(new) <= MAX_QUOTED:
        return old, new
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    start = max(0, max(old.rfind(" ", 0, start), 0) - 20)
    dots = "…" if start else ""
    return tuple(  # type: ignore[return-value]
        dots + line[start : start + MAX_QUOTED] + ("…" if len(line) > start + MAX_QUOTED else "")
        for line in (old, new)
    )
