"""Replay real Claude Code sessions: `python benchmarks/sessions.py FOLDER`.

FOLDER holds transcripts (`*/claude-code-*.jsonl`). Each is turned into the hook payloads the client
sent at the time and goes through intake, store, flush (offline observer) and search, as in the
server. One line a session: events, seconds, peak memory of Python objects, memories, and whether a
search for the session's first prompt finds one of its own memories among the first eight.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from codemem_claude.history import hook_payloads
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.flush.flusher import Flusher
from codemem_core.plugins.registry import Plugins
from codemem_core.retrieval.search import search
from codemem_core.store import events
from codemem_core.store.engine.store import Store


def main(root: Path) -> None:
    """Print a line for each session and the sums."""
    settings = Settings.load({"CODEMEM_OBSERVER_RUNTIME": "extractive"})
    plugins = Plugins.load(settings)
    found = 0
    sys.stdout.write(f"{'session':34}{'events':>7}{'s':>7}{'MB':>7}{'memories':>10}  found\n")
    paths = sorted(root.glob("*/claude-code-*.jsonl"))
    with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/mem.sqlite") as store:
        for path in paths:
            name = f"{path.parent.name[:12]}/{path.stem.removeprefix('claude-code-')}"
            sent, seconds, memory, ids, hit = replay(path, store, plugins, settings)
            found += hit
            figures = f"{sent:7}{seconds:7.2f}{memory:7.1f}{len(ids):10}"
            sys.stdout.write(f"{name:34}{figures}  {'yes' if hit else 'no'}\n")
        size = Path(store.path).stat().st_size / 1e6
    sys.stdout.write(f"{len(paths)} sessions, found {found}, database {size:.1f} MB\n")


def replay(
    path: Path, store: Store, plugins: Plugins, settings: Settings
) -> tuple[int, float, float, list[int], bool]:
    """Send one session through everything; raises what any step raises."""
    tracemalloc.start()
    started = time.perf_counter()
    intake, flusher = Intake(plugins), Flusher(store, plugins, settings)
    sent, stream, prompt = 0, "", ""
    for payload in hook_payloads(path):
        event = intake.hook("claude", json.loads(json.dumps(payload)))
        if event is not None:
            store.write(lambda db, e=event: events.append(db, [e], now_ms=1))
            sent, stream = sent + 1, event.stream_id
        prompt = prompt or str(payload.get("prompt") or "")
    report = flusher.flush("claude", stream)
    if report.failure:
        raise SystemExit(f"{path.name}: {report.failure}")
    with store.read() as db:
        hits = search(db, prompt, limit=8)
    seconds, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    hit = bool({found.id for found in hits} & set(report.memory_ids))
    return sent, seconds, peak / 1e6, report.memory_ids, hit


if __name__ == "__main__":
    main(Path(sys.argv[1]))
