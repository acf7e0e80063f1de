"""The core's own plugin: what codemem can do by itself goes through the same hooks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import Command, FlushPolicy
from codemem_core.records.setting import Setting
from codemem_core.settings_table import TABLE

_MOVING = (
    ("export-memories", "transfer:export_memories", "Write memories to a file."),
    (
        "import-from-basic-memory",
        "transfer:import_from_basic_memory",
        "Store basic-memory's notes.",
    ),
    (
        "import-from-claude-mem",
        "transfer:import_from_claude_mem",
        "Store what claude-mem remembers.",
    ),
    ("import-from-mem0", "transfer:import_from_mem0", "Store mem0's memories."),
    ("import-memories", "transfer:import_memories", "Store the memories of an export."),
    ("purge", "upkeep:purge_secret", "Take a secret out of everything, and prove it."),
    ("project", "project:project", "List, explain, rename, merge and split projects."),
)
_COMMANDS = (
    *_MOVING,
    ("config", "config:config", "Show, set and unset settings of the config file."),
    ("db", "db:db", "Back up, check, repair, tidy or bring over a database."),
    ("doctor", "doctor:doctor", "Say what is wrong, and how to mend it."),
    ("edit", "journal:edit", "Rewrite a memory."),
    ("embed", "embed:embed", "Make the vectors that search by meaning needs."),
    ("enqueue-raw-event", "raw_events:enqueue", "Store one event from standard input."),
    ("eval", "evaluate:evaluate", "Measure search and packs on judged questions."),
    ("flush-raw-events", "raw_events:flush", "Turn a stream's waiting events into memories now."),
    ("forget", "journal:forget", "Take a memory out of search and packs."),
    ("history", "journal:history", "List what people and agents changed."),
    ("import-history", "history:import_history", "Store what a host did before codemem was there."),
    ("observer", "observer:observer", "Try the observer that is configured."),
    ("pack", "memory:pack", "Print, as JSON, the memories that fit a question."),
    ("pack-benchmark", "evaluate:pack_benchmark", "Say how large packs get."),
    ("pin", "journal:pin", "Keep a memory at the top of lists."),
    ("plugins", "plugins:plugins", "List plugins and what is wrong with them."),
    ("raw-events-gate", "reliability:gate", "Fail when too much was lost or is stuck."),
    ("raw-events-retry", "raw_events:retry", "Flush a stream's failed batches again."),
    ("raw-events-status", "raw_events:status", "List streams whose events wait for a flush."),
    ("recent", "memory:recent", "List the newest memories."),
    ("reobserve", "reobserve:reobserve", "Distil stored events again with another observer."),
    ("remember", "memory:remember", "Write a memory by hand."),
    ("search", "memory:search", "Search memories by words."),
    ("show", "memory:show", "Print one memory as JSON."),
    ("spool", "spool:spool", "Look at or store what hooks kept for later."),
    ("stats", "stats:stats", "Say how much is stored, what waits and what it cost."),
    ("undo", "journal:undo", "Take a change back."),
    ("unpin", "journal:unpin", "Let a pinned memory go its way down the lists."),
    ("usage", "usage:usage", "Say what observing cost, by day and model."),
    ("version", "version:version", "Print the version."),
)


@hookimpl
def codemem_settings() -> Iterable[Setting]:
    """Offer every setting of the reference."""
    return TABLE


@hookimpl(trylast=True)
def codemem_project(cwd: str | None, payload: Mapping[str, Any]) -> str | None:
    """Take the user's word, else the repository or folder, else the host's word."""
    from codemem_core.project import project_label  # noqa: PLC0415 - commands without events

    named = payload.get("project")
    return project_label(
        cwd=cwd, payload_project=named if isinstance(named, str) else None, environ=os.environ
    )


@hookimpl
def codemem_flush_policies() -> Iterator[FlushPolicy]:
    """Flush a session that has been quiet for a while, or a shorter while if asked to."""
    yield FlushPolicy(
        name="debounce",
        target="codemem_core.policies.debounce:Debounce",
        help="With `raw_events_auto_flush`: flush `raw_events_debounce_ms` after the last event.",
    )
    yield FlushPolicy(
        name="idle",
        target="codemem_core.policies.idle:Idle",
        help="Flush a session after `raw_events_sweeper_idle_ms` without an event.",
    )


@hookimpl
def codemem_commands() -> Iterable[Command]:
    """Offer what a person asks of memories, events and plugins."""
    return [
        Command(name=name, target=f"codemem_core.cli.commands.{target}", help=text)
        for name, target, text in _COMMANDS
    ]
