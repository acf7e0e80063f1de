"""What is wrong with what was told: gone, replaced, or about nothing the session touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codemem_core.records.evidence import EvidenceItem, ToolCall
from codemem_eval.sessions.recording import Session
from codemem_eval.sessions.terms import name_of, said, shown, stands_in, terms

_ENTRY = re.compile(r"(?m)^(?=\s*(?:[-*]\s+)?\[e?\d+\])|\n\s*\n")
_PAST = re.compile(
    r"no longer|not any ?more|outdated|supersed|replac|renam|remov|delet|dropp|revert|instead|gone"
    r"|formerly|used to|moved|was changed",
    re.IGNORECASE,
)
_REMOVES = re.compile(r"\b(?:git\s+)?(?:rm|mv)\s+(?:-\w+\s+)*([^\s;&|]+)")
_OLD_TEXT = ("old_string", "oldString", "old_str")
_FENCE = re.compile(r"</?codemem-memory[^>]*>|^#{1,4} .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Harm:
    """Entries of one text that was told, by what is wrong with them."""

    entries: int = 0
    gone: int = 0
    """Names a file that was removed or renamed before, without saying so."""
    replaced: int = 0
    """Holds what a later edit took out and nothing has shown since, without saying so."""
    untouched: int = 0
    """Has no term of what the session did after it."""


@dataclass(slots=True)
class Present:
    """What is known of the project's files at a moment, from what sessions showed so far."""

    removed: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)

    def add(self, session: Session) -> None:
        """Take in everything a session did."""
        for item in session.items:
            self.take(item)

    def take(self, item: EvidenceItem) -> None:
        """Take in one step: what it removed, and what it showed to be there."""
        if not isinstance(item, ToolCall) or not item.succeeded:
            return
        written = terms(said(item)) | terms(shown(item))
        if item.kind == "edit":
            before, after = _sides(item)
            self.replaced |= terms(before) - terms(after)
            written = terms(after)
        self.replaced -= written
        self.removed -= {name_of(path) for path in (*item.files_read, *item.files_changed)}
        self.removed |= {name_of(path) for path in _REMOVES.findall(item.command or "")}


def harm(told: str, present: Present, later: str) -> Harm:
    """Judge a text entry by entry; `later` is, in lower case, what the session did after it."""
    counts = {"gone": 0, "replaced": 0, "untouched": 0}
    found = entries(told)
    for entry in found:
        own, low = terms(entry), entry.lower()
        if not _PAST.search(entry):
            counts["gone"] += any(stands_in(name, low) for name in present.removed)
            counts["replaced"] += bool(own & present.replaced)
        counts["untouched"] += bool(own) and not any(stands_in(term, later) for term in own)
    return Harm(entries=len(found), **counts)


def entries(told: str) -> list[str]:
    """Return the memories in a text; paragraphs where it is not made of numbered memories."""
    plain = _FENCE.sub("", told)
    return [entry.strip() for entry in _ENTRY.split(plain) if entry and entry.strip()]


def _sides(item: ToolCall) -> tuple[str, str]:
    """Return what an edit took out and what it put in."""
    lines = item.output.splitlines()
    minus = [line[1:] for line in lines if line.startswith("-") and not line.startswith("---")]
    plus = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]
    before = "\n".join([*minus, *(str(item.input.get(key) or "") for key in _OLD_TEXT)])
    given = [str(value) for key, value in item.input.items() if key not in _OLD_TEXT]
    return before, "\n".join([*plus, *given])
