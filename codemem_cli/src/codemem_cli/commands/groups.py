"""The groups of commands that are not for every day."""

from __future__ import annotations

from codemem_cli.command_group import CommandGroup

db = CommandGroup(
    "db",
    place="db",
    help="Back up, check, repair and tidy the database.\n\nExample: codemem db check",
)
dev = CommandGroup(
    "dev",
    place="dev",
    help="Look inside: packs, measurements, the observer.\n\nExample: codemem dev observer test",
)
distil = CommandGroup(
    "distil",
    place="distil",
    help="Write what is known into files that agents read.\n\n"
    "Example: codemem distil agents-md --apply",
)
import_ = CommandGroup(
    "import",
    place="import",
    help="Bring in past sessions and other tools' memories.\n\n"
    "Example: codemem import history claude --since 30d",
)
queue = CommandGroup(
    "queue",
    place="queue",
    help="Inspect and flush events that are not memories yet.\n\nExample: codemem queue status",
)
