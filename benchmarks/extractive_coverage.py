"""Measure how much of a model's notes on real sessions `extractive` says without a model.

    python benchmarks/extractive_coverage.py SESSIONS [--show ID] [--json]

SESSIONS is a folder with Claude Code transcripts (`*/claude-code-*.jsonl`) and
`session_summaries.jsonl`, a model's notes on some of them: intent, outcome, learnings, friction.

A note counts as covered when at least half of its content (words, identifiers and numbers, after
light stemming, without stop-words) stands in ONE observation or in the summary. The control column
is the same measure against the observations of a *different* session of the same repository: what
vocabulary alone would score. Neither figure says whether an observation reads well: `--show` prints
notes and observations side by side.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codemem_claude import plugin
from codemem_claude.history import hook_payloads
from codemem_core.capture.intake import Intake
from codemem_core.config.settings import Settings
from codemem_core.distil.evidence_builder import collect
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.extractive import Extractive

COVERED = 0.5
CATEGORIES = ("intent", "outcome", "repo", "code", "workflow", "friction", "open_items")
_STOP = frozenset(
    """
    a an and are as at be been but by can could did do does for from had has have how i if in into
    is it its not no of on only or our should so such than that the their them then there these they
    this those to up use used using via was we were what when where which while who will with would
    you your also any all both each after before during per
    """.split()
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One session's observations and what they cost."""

    reply: Mapping[str, Any]
    texts: tuple[frozenset[str], ...]
    """The content of each observation, and of the summary."""
    milliseconds: float
    peak_kib: float


def main() -> None:
    """Measure every session of a folder and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", metavar="ID", help="print one session beside its notes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = {
        path.stem[-8:]: measure(path)
        for path in sorted(options.folder.glob("*/claude-code-*.jsonl"))
    }
    notes = dict(read_notes(options.folder / "session_summaries.jsonl"))
    if options.show:
        show(measured[options.show], notes.get(options.show, []))
        return
    rows = [
        row for session in measured if session in notes for row in compare(session, measured, notes)
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))  # noqa: T201
        return
    print_tables(rows, measured)


def measure(path: Path) -> Measured:
    """Observe one transcript, timed, then once more for the peak of memory."""
    evidence = read_evidence(path)
    request = ObserveRequest(evidence=evidence, instructions="", prompt="")
    runtime = Extractive(Settings.load({}))
    runtime.observe(request)
    started = time.perf_counter()
    reply = json.loads(runtime.observe(request).text)
    elapsed = (time.perf_counter() - started) * 1000
    tracemalloc.start()
    runtime.observe(request)
    peak = tracemalloc.get_traced_memory()[1] / 1024
    tracemalloc.stop()
    said = [*reply["observations"], reply["summary"] or {}]
    return Measured(
        reply, tuple(content(json.dumps(o, ensure_ascii=False)) for o in said), elapsed, peak
    )


def read_notes(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the first 8 characters of each session's id and its notes as (category, text)."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        summary = row["summary"]
        learned = summary.get("learnings") or {}
        notes = [(name, summary[name]) for name in ("intent", "outcome") if summary.get(name)]
        notes += [(name, text) for name in ("repo", "workflow") for text in learned.get(name) or []]
        notes += [("code", c.get("finding", "")) for c in learned.get("code") or []]
        notes += [(name, t) for name in ("friction", "open_items") for t in summary.get(name) or []]
        yield row["session"][:8], notes


def compare(
    session: str, measured: Mapping[str, Measured], notes: Mapping[str, list[tuple[str, str]]]
) -> Iterator[dict[str, Any]]:
    """Yield one row a note: its best share here, and the best share in the control session."""
    others = sorted(measured)
    control = measured[others[(others.index(session) + 1) % len(others)]]
    for category, text in notes[session]:
        yield {
            "session": session,
            "category": category,
            "share": best_share(text, measured[session]),
            "control": best_share(text, control),
            "note": text,
        }


def best_share(note: str, against: Measured) -> float:
    """Return the largest share of the note's content found within one text."""
    wanted = content(note)
    return max((len(wanted & text) / max(1, len(wanted)) for text in against.texts), default=0.0)


def content(text: str) -> frozenset[str]:
    """Return the stemmed words, identifiers and numbers of a text; identifiers also in parts."""
    words: set[str] = set()
    for token in re.findall(r"[A-Za-z_$][\w$]*|\d[\d,.]*", text):
        parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", token)
        words.update(part.lower().rstrip(".,") for part in (token, *parts))
    return frozenset(_stem(word) for word in words if len(word) > 1 and word not in _STOP)


def _stem(word: str) -> str:
    for ending in ("ingly", "ings", "ing", "edly", "ied", "ies", "ed", "es", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def print_tables(rows: list[dict[str, Any]], measured: Mapping[str, Measured]) -> None:
    """Print coverage by category and by session, then cost by session."""
    for key in ("category", "session"):
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            groups[row[key]].append(row)
        names = [n for n in CATEGORIES if n in groups] if key == "category" else sorted(groups)
        lines = [(name, groups[name]) for name in names] + [("all", rows)]
        print(f"\n{key:<12}{'notes':>6}{'covered':>9}{'mean':>7}{'control':>9}{'mean':>7}")  # noqa: T201
        for name, group in lines:
            print(f"{name:<12}{_figures(group)}")  # noqa: T201
    print(f"\n{'session':<12}{'memories':>9}{'chars':>8}{'ms':>8}{'peak KiB':>10}")  # noqa: T201
    for name, one in measured.items():
        size = len(json.dumps(one.reply, ensure_ascii=False))
        count = len(one.reply["observations"]) + bool(one.reply["summary"])
        print(f"{name:<12}{count:>9}{size:>8}{one.milliseconds:>8.1f}{one.peak_kib:>10.0f}")  # noqa: T201


def _figures(group: list[dict[str, Any]]) -> str:
    count = len(group)
    parts = [f"{count:>6}"]
    for column, width in (("share", 9), ("control", 9)):
        covered = sum(row[column] >= COVERED for row in group)
        mean = sum(row[column] for row in group) / count
        parts.append(f"{covered / count:>{width}.0%}{mean:>7.2f}")
    return "".join(parts)


def show(one: Measured, notes: list[tuple[str, str]]) -> None:
    """Print the notes with their share, then everything `extractive` said."""
    for category, text in notes:
        print(f"{best_share(text, one):4.2f} {category:<9} {text}")  # noqa: T201
    print(json.dumps(one.reply, indent=1, ensure_ascii=False))  # noqa: T201


def read_evidence(path: Path) -> Evidence:
    """Take a transcript through intake (normalised, redacted) to the evidence of the session."""
    intake = Intake(Plugins.only(plugin, settings=Settings.load({})))
    events = []
    for payload in hook_payloads(path):
        payload.pop("transcript_path")  # the last reply stands in the payload already
        event = intake.hook("claude", payload)
        if event is not None:
            events.append(replace(event, seq=len(events)))
    cwd = next((event.cwd for event in events if event.cwd), None)
    return collect(events, project=Path(cwd).name if cwd else None, cwd=cwd)


if __name__ == "__main__":
    main()
