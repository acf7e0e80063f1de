"""What is compared with codemem: ways to tell a session something, none of them ours."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import apsw

from codemem_core.records.event import iso_time
from codemem_core.records.evidence import EvidenceItem, Message, Prompt, ToolCall
from codemem_core.retrieval.pack.render import tokens
from codemem_core.store.engine.connection import rows
from codemem_eval.sessions.outlook import Outlook, Past, outlooks
from codemem_eval.sessions.recording import Session
from codemem_eval.sessions.terms import said, shown, terms, words

BUDGET = 800
"""Tokens that an arm may use for one prompt, as many as a pack has by default."""
INSTRUCTIONS = ("CLAUDE.md", "AGENTS.md", "GEMINI.md")
_STOP = frozenset("the and for that this with from have what when then them into only over".split())


class Arm(Protocol):
    """A way to tell a session something; one object for the sessions of a project."""

    def begin(self, session: Session) -> str:
        """Return what is told when a session begins."""
        ...

    def ask(self, session: Session, at: int) -> str:
        """Return what is told with the prompt of turn `at`; the turn is taken in after that."""
        ...

    def end(self, session: Session) -> None:
        """Take in a session that is over."""
        ...


class Nothing:
    """No memory."""

    def begin(self, session: Session) -> str:
        """Tell nothing."""
        return ""

    def ask(self, session: Session, at: int) -> str:
        """Tell nothing."""
        return ""

    def end(self, session: Session) -> None:
        """Forget it."""


class LastMessage(Nothing):
    """The message that closed the session before, at the start of the next."""

    def __init__(self) -> None:
        self._last = ""

    def begin(self, session: Session) -> str:
        """Tell it."""
        return clip(self._last)

    def end(self, session: Session) -> None:
        """Keep the last message."""
        messages = [item.text for item in session.items if isinstance(item, Message)]
        self._last = messages[-1] if messages else self._last


class Instructions(Nothing):
    """The project's own file for agents, as committed before the session or last seen in one."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def begin(self, session: Session) -> str:
        """Tell the whole file, as hosts do."""
        return committed(session) or "\n".join(self._seen.values())

    def end(self, session: Session) -> None:
        """Keep what the session read or wrote of such a file."""
        for item in session.items:
            if not isinstance(item, ToolCall) or not item.succeeded:
                continue
            for path in (*item.files_read, *item.files_changed):
                if os.path.basename(path) in INSTRUCTIONS:
                    written = item.input.get("content")
                    text = written if isinstance(written, str) else item.output
                    if item.kind == "read" or isinstance(written, str):
                        self._seen[os.path.basename(path)] = text


class RawText:
    """Full-text search over everything that was said before, up to the budget."""

    def __init__(self) -> None:
        self._db = apsw.Connection(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE said USING fts5 (x, tokenize = 'porter unicode61')")

    def begin(self, session: Session) -> str:
        """Tell nothing: there is no question yet."""
        return ""

    def ask(self, session: Session, at: int) -> str:
        """Tell the best messages whole, as many as fit."""
        found = (w.lower() for w in re.findall(r"\w{3,}", session.turns[at].prompt[:4000]))
        words = [word for word in dict.fromkeys(found) if word not in _STOP][:60]
        if not words:
            return ""
        query = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT x FROM said WHERE said MATCH ? ORDER BY rank LIMIT 60"
        return "\n\n".join(within(x for (x,) in rows(self._db, sql, (query,))))

    def end(self, session: Session) -> None:
        """Keep its prompts and messages."""
        texts = [(item.text,) for item in session.items if isinstance(item, Prompt | Message)]
        self._db.executemany("INSERT INTO said VALUES (?)", texts)


class Oracle(Nothing):
    """Lines of earlier sessions that hold most of what this one goes on to find: the ceiling."""

    def __init__(self) -> None:
        self._past = Past()
        self._lines: dict[str, frozenset[str]] = {}
        """Lines of earlier sessions, with what stands in them."""
        self._ahead: tuple[str, list[Outlook]] = "", []

    def ask(self, session: Session, at: int) -> str:
        """Tell the lines with the most facts a token, as many as fit."""
        if self._ahead[0] != session.id:
            self._ahead = session.id, outlooks(session, self._past)
        outlook = self._ahead[1][at]
        wanted = {*outlook.facts, *filter(None, [outlook.first_file])}
        wanted = wanted.union(*outlook.mistakes, *outlook.corrections)
        found = {line: has & wanted for line, has in self._lines.items() if has & wanted}
        chosen: list[str] = []
        while found:
            best = max(found, key=lambda line: len(found[line]) / (20 + len(line)))
            if tokens("\n".join([*chosen, best])) > BUDGET:
                break
            chosen.append(best)
            told = found[best]
            found = {line: has - told for line, has in found.items() if has - told}
        return "\n".join(chosen)

    def end(self, session: Session) -> None:
        """Keep its lines."""
        self._past.add(session)
        for item in session.items:
            self._lines |= {line: terms(line) | words(line) for line in _lines(item)}


def committed(session: Session) -> str:
    """Return the instructions that were committed before a session began, where git knows them."""
    if not Path(session.cwd, ".git").exists():
        return ""
    found = []
    for name in INSTRUCTIONS:
        before = iso_time(session.started_ms)
        commit = _git(session.cwd, "log", "-1", "--format=%H", f"--before={before}", "--", name)
        found.append(_git(session.cwd, "show", f"{commit}:{name}") if commit else "")
    return "\n".join(filter(None, found))


def clip(text: str, budget: int = BUDGET) -> str:
    """Return the beginning of a text, within the budget."""
    while tokens(text) > budget:
        text = text[: int(len(text) * 0.9)]
    return text


def within(texts: Iterator[str], budget: int = BUDGET) -> list[str]:
    """Return the texts that fit into the budget, whole, in order."""
    kept: list[str] = []
    left = budget
    for text in texts:
        if (size := tokens(text)) <= left:
            kept.append(text)
            left -= size
    return kept


def _git(folder: str, *arguments: str) -> str:
    # Plumbing of the user's own repository; its hooks and filters do not run.
    done = subprocess.run(
        ["git", "-C", folder, "--no-pager", *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=10,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _lines(item: EvidenceItem) -> Sequence[str]:
    text = f"{said(item)}\n{shown(item)}"
    return [line.strip()[:300] for line in text.splitlines() if len(line.strip()) > 3]
