"""What a new session is told before anybody asks: the user's rules, and where the last one stopped.

On the hook path: `time` only beside what `inject` has loaded.
"""

from __future__ import annotations

import time

from codemem_core.retrieval.pack.render import clip, fence, harmless
from codemem_core.retrieval.pack.review_lines import review_lines
from codemem_core.retrieval.pack.rule_lines import rule_lines
from codemem_core.retrieval.search import newest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

_RULE_TOKENS = 400
_PART_CHARS = 400
_TITLE_CHARS = 160
_TOLD = ("Completed", "Learned", "Next steps")
"""Sections of a summary that help to go on, in this order."""


def brief(db: apsw.Connection, project: str, *, rules_only: bool = False) -> str:
    """Return the rules, the last summary and what it left open, fenced; empty when there is none.

    Only what may be injected unasked: nothing from the web or an import that nobody confirmed.
    `rules_only`: for a subagent, which is given a task of its own.
    """
    found = [("## Your rules", rule_lines(db, project, room=_RULE_TOKENS))]
    if not rules_only:
        found += [
            ("## Last session in this project", _last_session(db, project)),
            ("## Waiting for the user (`codemem review`)", _waiting(db, project)),
        ]
    parts = ["\n".join([heading, *lines]) for heading, lines in found if lines]
    start, end = fence()
    return start + "\n\n".join(parts) + end if parts else ""


def _waiting(db: apsw.Connection, project: str) -> list[str]:
    return review_lines(db, project, now_ms=time.time_ns() // 1_000_000)


def _last_session(db: apsw.Connection, project: str) -> list[str]:
    found = newest(db, limit=1, project=project, kind="session_summary", trusted=True)
    if not found:
        return []
    summary = found[0]
    day = time.strftime("%Y-%m-%d", time.gmtime(summary.created_ms / 1000))
    lines = [f"[{summary.id}] ({day}) {clip(harmless(summary.title), _TITLE_CHARS)}"]
    sections = _sections(summary.body)
    return lines + [f"{name}: {sections[name]}" for name in _TOLD if sections.get(name)]


def _sections(body: str) -> dict[str, str]:
    """Return a summary's sections by heading, each in one line."""
    found = {}
    for part in f"\n{body}".split("\n## ")[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = clip(harmless(text), _PART_CHARS)
    return found
