"""The core's own commands: what they are called, where they live, what they do.

Beside no plugin and no framework, so that a command of ours is found without loading either.
"""

from __future__ import annotations

from codemem_core.records.seams import DATA, EVENTS, FIGURES, MEMORIES, SERVICE

MODULES = "codemem_cli.commands."
"""Where the targets below are."""

COMMANDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    MEMORIES: (
        ("edit", "manual:edit", "Rewrite a memory."),
        ("forget", "manual:forget", "Take a memory out of search and packs."),
        ("history", "journal:history", "List what people and agents changed."),
        ("inject", "pack:inject", "Print the text of a pack, as a prompt would get it."),
        ("pack", "pack:pack", "Print, as JSON, the memories that fit a question."),
        ("pin", "manual:pin", "Keep a memory at the top of lists."),
        ("recent", "memory:recent", "List the newest memories."),
        ("remember", "manual:remember", "Write a memory by hand."),
        ("review", "review:review", "Decide what waits for you."),
        ("rules", "rules:rules", "List what you said is to be done from now on."),
        ("search", "memory:search", "Search memories by words."),
        ("show", "memory:show", "Print one memory as JSON."),
        ("timeline", "memory:timeline", "List what was remembered before and after."),
        ("undo", "journal:undo", "Take a change back."),
        ("unpin", "manual:unpin", "Let a pinned memory go its way down the lists."),
    ),
    SERVICE: (
        ("completion", "completion:completion", "Print what makes TAB complete, for your shell."),
        ("config", "config:config", "Show, set and unset settings of the config file."),
        ("doctor", "doctor:doctor", "Say what is wrong, and how to mend it."),
        ("plugins", "plugins:plugins", "List plugins and what is wrong with them."),
        ("setup", "setup:setup", "Install codemem into the agents on this machine."),
        ("status", "status:status", "Say on one screen how everything is."),
        ("version", "version:version", "Print the version."),
    ),
    EVENTS: (
        ("compact", "legacy:compact", "Distil the last sessions again."),
        ("enqueue-raw-event", "raw_events:enqueue", "Store one event from standard input."),
        ("flush-raw-events", "raw_events:flush", "Turn a stream's events into memories now."),
        ("import-history", "history:import_history", "Store what a host did before codemem."),
        ("ingest", "legacy:ingest", "Turn events from standard input into memories at once."),
        ("raw-events-gate", "reliability:gate", "Fail when too much was lost or is stuck."),
        ("raw-events-retry", "raw_events:retry", "Flush a stream's failed batches again."),
        ("raw-events-status", "raw_events:status", "List streams whose events wait for a flush."),
        ("reobserve", "reobserve:reobserve", "Distil stored events with another observer."),
        ("spool", "spool:spool", "Look at or store what hooks kept for later."),
    ),
    DATA: (
        (
            "backfill-discovery-tokens",
            "legacy:backfill_discovery_tokens",
            "Note what memories without it cost to find out.",
        ),
        ("backfill-tags", "legacy:backfill_tags", "Give memories without tags some."),
        ("db", "db:db", "Back up, check, repair, tidy or bring over a database."),
        ("embed", "embed:embed", "Make the vectors that search by meaning needs."),
        ("init-db", "legacy:init_db", "Make the database, and print where it is."),
        (
            "normalize-imported-metadata",
            "legacy:normalize_imported_metadata",
            "Nothing any more: imports do it.",
        ),
        ("project", "project:project", "List, explain, rename, merge and split projects."),
        ("purge", "purge:purge", "Take a secret out of everything, and prove it."),
    ),
    FIGURES: (
        ("observer", "observer:observer", "Try the observer that is configured."),
        ("pack-stats", "stats:pack_stats", "Say how large the packs of prompts were."),
        ("stats", "stats:stats", "Say how much is stored, what waits and what it cost."),
        ("usage", "usage:usage", "Say what observing cost, by day and model."),
    ),
}


def target_of(name: str) -> str | None:
    """Return where a command of ours lives, as `module:attribute`, or None."""
    for commands in COMMANDS.values():
        for own, target, _ in commands:
            if own == name:
                return MODULES + target
    return None
