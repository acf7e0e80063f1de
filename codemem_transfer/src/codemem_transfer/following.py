"""Follow the files that agents are told by, and the notes they keep, while the server runs.

Every `agent_files_poll_s` it looks at their times and sizes, and imports those that changed. What
comes so is of origin `import`: search finds it, and nobody is told it unasked until the user
confirmed it. A file that another person's repository brings gains no more by that.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from codemem_core.commands.user_files import replace_file
from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.plugins.registry import Plugins
from codemem_core.records.protocols import Check
from codemem_core.retrieval import duplicates
from codemem_core.store import memories
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_transfer import agent_files, claude_files
from codemem_transfer.incoming import Incoming, Label
from codemem_transfer.notes import Note

_RECENT_MS = 30 * 86_400_000
_MOST_FOLDERS = 50
_WORD = re.compile(r"\w+")
_WORKED_IN = """
    SELECT cwd FROM streams WHERE cwd IS NOT NULL AND last_received_ms > ?
     GROUP BY cwd ORDER BY max(last_received_ms) DESC LIMIT ?
"""

Seen = dict[str, list[int]]
"""File → when it was changed, in nanoseconds, and its size in bytes."""


class AgentFilesWorker:
    """Imports what changed in the user's own files, and in those of projects worked in lately."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._poll_s = float(settings.number("agent_files_poll_s"))
        self._problem = ""

    def run(self, store: Store, stop: threading.Event) -> None:
        """Look until told to stop; a setting of 0 looks never."""
        if not self._poll_s:
            stop.wait()
            return
        plugins = Plugins.load(self._settings)
        while not stop.wait(self._poll_s):
            try:
                look(store, plugins)
                self._problem = ""
            except (CodememError, OSError) as error:
                self._problem = f"agents' files: {error}"

    def health(self) -> Sequence[Check]:
        """Say why the last look failed, if it did."""
        return [Check(ok=False, text=self._problem)] if self._problem else []


def look(store: Store, plugins: Plugins) -> int:
    """Import the files that changed since the last look; return how many there were.

    What was seen is kept beside the database: an import that was undone is not repeated before the
    file changes. Raises `CodememError`, `OSError`.
    """
    record = Path(f"{store.path}-agent-files.json")
    before, now = _load(record), {}
    now_ms = time.time_ns() // 1_000_000
    with closing(Incoming(now_ms=now_ms, replace=True)) as incoming:
        changed = 0
        for path, cwd in _files(store, plugins, now_ms):
            status = os.stat(path)
            now[path] = [status.st_mtime_ns, status.st_size]
            if before.get(path) != now[path]:
                project = plugins.project(cwd, {}) if cwd else None
                echo = partial(_is_echo, store, project)
                claude_files.take_file(incoming, path, project, echo)
                changed += 1
        if changed:
            incoming.write(store, Label(text="import of agents' files", by="server"))
    if now != before:
        replace_file(record, json.dumps(now))
    return changed


def _files(store: Store, plugins: Plugins, now_ms: int) -> Iterator[tuple[str, str | None]]:
    """Yield each file once, with the folder of its project, or None for the user's own."""
    with store.read() as db:
        folders = [cwd for (cwd,) in rows(db, _WORKED_IN, (now_ms - _RECENT_MS, _MOST_FOLDERS))]
    names = agent_files.names(plugins)
    yielded: set[str] = set()
    for cwd in folders or [None]:
        for path, place in (*claude_files.found(cwd), *agent_files.found(names, cwd)):
            if path not in yielded and os.path.isfile(path):
                yielded.add(path)
                yield path, place


def _is_echo(store: Store, project: str | None, note: Note) -> bool:
    """Say whether a note is, word for word, part of a memory that no file brought.

    Agents write down what they were told, and codemem had told it.
    """
    said = _words(note.body)
    with store.read() as db:
        for one in duplicates.candidates(db, note.body, project=project):
            known = memories.get(db, one)
            if known and known.origin != "import" and said in _words(f"{known.title} {known.body}"):
                return True
    return False


def _words(text: str) -> str:
    """Return the words of a text, each between two blanks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _load(path: Path) -> Seen:
    try:
        seen: Seen = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return seen if isinstance(seen, dict) else {}
