"""The words that tell one claim from another, in any of the languages that users write.

Markers ("always", "from now on"), function words and verbs of general use go; what is left is cut
to its stem, so that "we write tests" and "writing a test" have the same word.
"""

from __future__ import annotations

import re
import unicodedata

from codemem_core.distil.normal_form import stem
from codemem_core.distil.rule_grammar import Grammar, grammar_of

_WORD = re.compile(r"[^\W_][\w./+#-]*[\w/+#]|[^\W_]")
_HAN_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[\w.+#/-]+")
_COMMIT = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}")
_STEM_CHARS = 7
"""Where words of languages without a stemmer of ours are cut."""


def telling_words(text: str) -> frozenset[str]:
    """Return the words that say what a claim is about, lower-case and cut to stems.

    The hash of a commit says when something was done and not what: it is none.
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    grammar = grammar_of(plain)
    if grammar.name in {"zh", "ja"}:
        return _pairs(plain, grammar)
    common = grammar.common
    found = (_stem(word, grammar) for word in _WORD.findall(plain) if word not in common)
    return frozenset(word for word in found if word)


def _stem(word: str, grammar: Grammar) -> str:
    word = word.strip(".-").removesuffix("'s")
    if len(word) == 1 and word.isalpha():
        return ""  # what an elision leaves: d', l', n'
    if not word.isalpha():
        # A name, a path, a number: nothing to cut.
        return "" if _COMMIT.fullmatch(word) else word
    if grammar.name == "en":
        root = stem(word)
        return "" if root in grammar.common else root
    return word.rstrip("s")[:_STEM_CHARS] if len(word) > 3 else word


def _pairs(text: str, grammar: Grammar) -> frozenset[str]:
    """Return pairs of letters, since no space parts words; names in Latin letters stay whole."""
    for word in sorted(grammar.common, key=len, reverse=True):
        text = text.replace(word, " ")
    found = set()
    for run in _HAN_RUN.findall(text):
        if run.isascii():
            found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
    return frozenset(found)


def share(one: frozenset[str], other: frozenset[str]) -> tuple[float, float]:
    """Return the words in common as a share of the shorter claim and of the longer one."""
    if not one or not other:
        return 0.0, 0.0
    common = len(one & other)
    sizes = len(one), len(other)
    return common / min(sizes), common / max(sizes)
