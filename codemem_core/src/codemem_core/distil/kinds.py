"""The nearest kind to what a model calls its finding."""

from __future__ import annotations

import re
from itertools import pairwise

from codemem_core.records.memory import OBSERVED_KINDS

_WORDS = re.compile(r"[^\W\d_]+")
_NEAREST = {
    "bugfix": "bug bugs fix fixes fixed hotfix defect regression incident patch",
    "feature": "feat features addition added capability enhancement improvement",
    "refactor": "refactoring refactored cleanup restructuring simplification",
    "change": "changes changed update updates doc docs documentation chore config configuration"
    " release migration dependency dependencies test tests build ci deployment removal upgrade",
    "decision": "decisions choice tradeoff convention conventions rule rules policy standard"
    " guideline constraint architecture design preference requirement correction",
    "exploration": "investigation research experiment analysis",
}
_KINDS = {word: kind for kind, words in _NEAREST.items() for word in words.split()}
_KINDS |= {kind: kind for kind in OBSERVED_KINDS}
_FALLBACK = "discovery"
"""A gotcha, a lesson, a pattern: something was found out."""


def nearest_kind(name: str) -> str:
    """Return one of `OBSERVED_KINDS` for any name, of several the first that is known."""
    words = [word.lower() for word in _WORDS.findall(name)]
    joined = (a + b for a, b in pairwise(words))  # `bug fix`, `trade-off`
    return next((_KINDS[word] for word in (*joined, *words) if word in _KINDS), _FALLBACK)
