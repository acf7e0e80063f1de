"""What a new session is told unasked: the user's rules, the project card, the last session.

On the hook path: `time` only beside what `inject` has loaded.
"""

from __future__ import annotations

import time

from codemem_core.retrieval.pack.render import clip, clip_to, fence, harmless
from codemem_core.retrieval.pack.review_lines import review_lines
from codemem_core.retrieval.pack.rule_lines import rule_lines
from codemem_core.retrieval.search import newest
from codemem_core.store.conditions import CURRENT, WANTED
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

_RULE_TOKENS = 400
_CARD_TOKENS = 150
_PART_CHARS = 400
_SESSION_CHARS = 900
_TITLE_CHARS = 160
_TOLD = ("Next steps", "Completed", "Learned")
"""Sections of a summary that help to go on, in this order."""
_CARD = f"""
    SELECT m.id, m.body FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid
     WHERE memories_fts MATCH 'tags : "project card"' AND m.concepts LIKE '%"project-card"%'
       AND {WANTED} AND {CURRENT}
     ORDER BY m.created_ms DESC, m.id DESC LIMIT 1
"""  # noqa: S608 - constants of ours


def brief(
    db: apsw.Connection, project: str, *, joined: str = "", for_subagent: bool = False
) -> str:
    """Return the rules, the project card and where the last session stopped, fenced, or nothing.

    `joined` is the remote by which a folder that was never seen before belongs to the project.
    Only what may be injected unasked: nothing from the web or an import that nobody confirmed.
    A subagent has a task of its own, and hears nothing of the session before.
    """
    found = [
        ("## New folder (tell the user)", _joined(project, joined)),
        ("## Your rules", rule_lines(db, project, room=_RULE_TOKENS)),
        ("## How to build, test and run here", _card(db, project)),
    ]
    if not for_subagent:
        found += [
            ("## Last session in this project", _last_session(db, project)),
            ("## Waiting for the user (`codemem review`)", _waiting(db, project)),
        ]
    parts = ["\n".join([heading, *lines]) for heading, lines in found if lines]
    start, end = fence()
    return start + "\n\n".join(parts) + end if parts else ""


def _joined(project: str, remote: str) -> list[str]:
    if not remote:
        return []
    name = harmless(project)
    return [
        f"This folder shares the memories of the project `{name}`, because its git remote is"
        f" {clip(harmless(remote), _TITLE_CHARS)}.",
        f"If it should not: `codemem project split {name} --folder . --into NAME --yes`.",
    ]


def _waiting(db: apsw.Connection, project: str) -> list[str]:
    return review_lines(db, project, now_ms=time.time_ns() // 1_000_000)


def _card(db: apsw.Connection, project: str) -> list[str]:
    wanted = {"project": project, "kind": None, "trusted": True}
    return [
        f"[{number}] {clip_to(harmless(body), _CARD_TOKENS)}"
        for number, body in rows(db, _CARD, wanted)
    ]


def _last_session(db: apsw.Connection, project: str) -> list[str]:
    found = newest(db, limit=1, project=project, kind="session_summary", trusted=True)
    if not found:
        return []
    summary = found[0]
    day = time.strftime("%Y-%m-%d", time.gmtime(summary.created_ms / 1000))
    lines = [f"[{summary.id}] ({day}) {clip(harmless(summary.title), _TITLE_CHARS)}"]
    sections, left = _sections(summary.body), _SESSION_CHARS
    for name in _TOLD:
        text = clip(sections.get(name, ""), left)
        lines += [f"{name}: {text}"] if text else []
        left -= len(text)
    return lines


def _sections(body: str) -> dict[str, str]:
    """Return a summary's sections by heading, each in one line."""
    found = {}
    for part in f"\n{body}".split("\n## ")[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = clip(harmless(text), _PART_CHARS)
    return found
