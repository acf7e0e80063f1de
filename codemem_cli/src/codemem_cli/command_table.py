"""The program's own commands: what they are called, where they live, what they do.

Imports no plugin and no framework, so that one of these commands is found without loading either.
"""

from __future__ import annotations

from codemem_core.records.seams import CORRECT, MORE, READ, SERVICE

MODULES = "codemem_cli.commands."
"""Where the targets below are."""

COMMANDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    READ: (
        ("log", "log:log", "List memories, newest first."),
        ("search", "search:search", "Find memories by words."),
        ("show", "show:show", "Show one memory in full."),
        ("sessions", "sessions:sessions", "List sessions and what came of them."),
        ("why", "why:why", "Show where a memory comes from, or what a prompt gets."),
    ),
    CORRECT: (
        ("remember", "manual:remember", "Write a memory yourself."),
        ("edit", "manual:edit", "Rewrite a memory."),
        ("forget", "manual:forget", "Remove memories from search and prompts."),
        ("undo", "journal:undo", "Take back the last change."),
        ("rules", "rules:rules", "List the standing instructions you gave."),
        ("review", "review:review", "Decide about memories that wait for you."),
    ),
    SERVICE: (
        ("setup", "setup:setup", "Connect the agents on this machine."),
        ("status", "status:status", "Show an overview of codemem's state."),
        ("doctor", "doctor:doctor", "Find problems and say how to fix them."),
    ),
    MORE: (
        ("config", "config:config", "Show and change settings."),
        ("db", "groups:db", "Back up, check, repair and tidy the database."),
        ("dev", "groups:dev", "Look inside: packs, measurements, the observer."),
        ("distil", "groups:distil", "Write what is known into files that agents read."),
        ("help", "help:help_", "Show help for a command, or list every command."),
        ("import", "groups:import_", "Bring in past sessions and other tools' memories."),
        ("plugins", "plugins:plugins", "List plugins, or start one of your own."),
        ("project", "project:project", "List, rename, merge and split projects."),
        ("queue", "groups:queue", "Inspect and flush events that are not memories yet."),
    ),
}
"""What `codemem --help` lists, in the order of a working day."""

HIDDEN = (
    ("completion", "completion:completion", "Print shell completion for bash, zsh or fish."),
    ("history", "journal:history", "List changes made by people and agents."),
    ("inject", "pack:inject", "Print the text that a prompt would get."),
    ("pack", "pack:pack", "Print the memories that fit a question, as JSON."),
    ("pin", "manual:pin", "Keep a memory at the top of lists."),
    ("recent", "log:recent", "List the newest memories with their text."),
    ("stats", "stats:stats", "Show how much is stored, what is waiting and what it cost."),
    ("timeline", "timeline:timeline", "List the memories before and after one."),
    ("unpin", "manual:unpin", "Unpin a memory."),
    ("usage", "usage:usage", "Show what observing cost, by day and model."),
    ("version", "version:version", "Print the version."),
)
"""What `codemem help --all` lists besides."""

SUBCOMMANDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "db": (
        ("backup", "db_file:backup", "Copy the database to `backups/` and verify the copy."),
        (
            "backfill-discovery-tokens",
            "legacy:backfill_discovery_tokens",
            "Add missing discovery costs to memories.",
        ),
        ("backfill-tags", "legacy:backfill_tags", "Add tags to memories that have none."),
        ("check", "db_file:check", "Check the whole database."),
        ("embed", "embed:embed", "Compute the vectors that search by meaning needs."),
        ("init", "legacy:init_db", "Create or upgrade the database and print its path."),
        ("merge-duplicates", "db_upkeep:merge_duplicates", "Merge memories that say the same."),
        (
            "normalize-projects",
            "db_upkeep:normalize_projects",
            "Shorten project names that are paths.",
        ),
        ("prune-memories", "db_upkeep:prune_memories", "Forget memories without content."),
        (
            "prune-observations",
            "db_upkeep:prune_observations",
            "Forget observations without content.",
        ),
        ("prune-old", "db_upkeep:prune_old", "Forget memories older than a date."),
        ("purge", "purge:purge", "Remove a secret from everything stored, and verify it."),
        ("restore", "db_file:restore", "Replace the database with a backup."),
        ("salvage", "db_file:salvage", "Save what is readable of a damaged database."),
        ("size-report", "db_upkeep:size_report", "Show what takes up space."),
        ("stats", "stats:stats", "Show how much is stored, what is waiting and what it cost."),
        ("vacuum", "db_upkeep:vacuum", "Rewrite the database without deleted rows."),
    ),
    "dev": (
        ("inject", "pack:inject", "Print the text that a prompt would get."),
        ("observer", "observer:observer", "Try the configured observer."),
        ("pack", "pack:pack", "Print the memories that fit a question, as JSON."),
        ("pack-stats", "stats:pack_stats", "Show how large injected packs were."),
    ),
    "import": (
        ("history", "history:import_history", "Bring in the sessions that an agent kept itself."),
    ),
    "queue": (
        ("compact", "legacy:compact", "Distil the last sessions again."),
        ("enqueue", "raw_events:enqueue", "Store one event from standard input."),
        ("flush", "raw_events:flush", "Turn a session's events into memories now."),
        ("gate", "reliability:gate", "Fail when too many events were lost or are stuck."),
        ("ingest", "legacy:ingest", "Turn events from standard input into memories now."),
        ("reobserve", "reobserve:reobserve", "Distil stored events with another observer."),
        ("retry", "raw_events:retry", "Retry a session's failed batches."),
        ("spool", "spool:spool", "Inspect and store payloads that hooks set aside."),
        ("status", "raw_events:status", "List sessions whose events are waiting."),
    ),
}
"""The commands of a group; plugins may add to each."""

EARLIER = {
    "backfill-discovery-tokens": "db backfill-discovery-tokens",
    "backfill-tags": "db backfill-tags",
    "compact": "queue compact",
    "embed": "db embed",
    "enqueue-raw-event": "queue enqueue",
    "flush-raw-events": "queue flush",
    "import-history": "import history",
    "ingest": "queue ingest",
    "init-db": "db init",
    "observer": "dev observer",
    "pack-stats": "dev pack-stats",
    "purge": "db purge",
    "raw-events-gate": "queue gate",
    "raw-events-retry": "queue retry",
    "raw-events-status": "queue status",
    "reobserve": "queue reobserve",
    "spool": "queue spool",
}
"""Names from before the groups, and what they call."""

_DEPRECATED = {
    "normalize-imported-metadata": (
        "legacy:normalize_imported_metadata",
        "Deprecated: imports normalise metadata themselves.",
    ),
    "db rename-project": ("project:rename", "Deprecated: `codemem project rename`."),
}


def target_of(path: str) -> str | None:
    """Return where a command of ours lives, as `module:attribute`, or None."""
    path = EARLIER.get(path, path)
    parent, _, name = path.rpartition(" ")
    tables = [SUBCOMMANDS.get(parent, ())] if parent else [*COMMANDS.values(), HIDDEN]
    for table in tables:
        for own, target, _ in table:
            if own == name:
                return MODULES + target
    target, _ = _DEPRECATED.get(path, ("", ""))
    return MODULES + target if target else None


def unlisted() -> list[tuple[str, str]]:
    """Return the paths and helps of the commands that work and are not listed."""
    kept = [(path, text) for path, (_, text) in _DEPRECATED.items()]
    kept += [(old, f"The earlier name of `{path}`.") for old, path in EARLIER.items()]
    return kept
