"""Measure the redactor: `python benchmarks/redaction.py`.

Recall: generated secrets of every family in every place they stand in. False positives: the lines
of Python's own library and, with `--sessions FOLDER`, of recorded Claude Code sessions (`*.jsonl`).
There a masked line may also be a secret that was really there: `--show` prints them.
"""

from __future__ import annotations

import argparse
import json
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from codemem_core.redact import redact
from tests.core.redact.test_masks import FAMILIES, NAMED, PLACES, recall

ROUNDS = 200
WANTED, TOLERATED = 0.99, 0.001


def main() -> None:
    """Print the figures; fail when one misses its aim."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=Path)
    options.add_argument("--show", action="store_true")
    chosen = options.parse_args()
    missed = found()
    missed |= masked("Python's library", library(), show=chosen.show)
    if chosen.sessions:
        missed |= masked("recorded sessions", recorded(chosen.sessions), show=chosen.show)
    raise SystemExit(missed)


def found() -> bool:
    """Print the share of secrets of which nothing is left, by family; True when one is too low."""
    kinds = {name: (make, PLACES) for name, make in FAMILIES.items()} | NAMED
    shares = {name: recall(make, places, ROUNDS) for name, (make, places) in kinds.items()}
    for name, share in shares.items():
        say(f"{name:22}{100 * share:8.2f} %")
    say(f"recall: the worst of {len(shares)} families {100 * min(shares.values()):.2f} %")
    return min(shares.values()) < WANTED


def masked(what: str, lines: Iterator[str], *, show: bool) -> bool:
    """Print how many ordinary lines are changed; True when too many are."""
    seen = changed = 0
    for line in lines:
        seen += 1
        clean, count = redact(line)
        changed += bool(count)
        if show and count:
            say(f"  {clean}")
    say(f"{what}: {changed} of {seen:,} lines masked, {100 * changed / max(1, seen):.4f} %")
    return changed > seen * TOLERATED


def library() -> Iterator[str]:
    """Yield the lines of the standard library."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        yield from ordinary(path.read_text(encoding="utf-8", errors="replace"))


def recorded(folder: Path) -> Iterator[str]:
    """Yield the lines of every text in recorded sessions."""
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            for text in texts(json.loads(line)):
                yield from ordinary(text)


def texts(value: object) -> Iterator[str]:
    """Yield every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def ordinary(text: str) -> Iterator[str]:
    """Yield the lines of a text that say something."""
    yield from (line for line in text.splitlines() if line.strip())


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
