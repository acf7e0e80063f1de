"""All benchmarks of the server, one after the other: `python benchmarks/run.py`.

Prints a table and writes the figures as JSON; `--quick` takes three minutes instead of twenty.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import drain
import growth
import hooks
import idle
import ingest
import mixed


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--output", default="benchmarks.json")
    chosen = options.parse_args()
    figures = quick() if chosen.quick else full()
    sys.stdout.write(table(figures))
    with open(chosen.output, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)


def full() -> dict[str, Any]:
    """Measure at the sizes that are promised."""
    return {
        "ingest": ingest.measure(None, rounds=5, seconds=2.0),
        "hooks": hooks.throughput(rounds=5),
        "drain": drain.measure(rounds=5),
        "mixed": mixed.measure(seconds=20.0, offered=800),
        "growth": growth.measure(
            memories=[0, 10_000, 100_000], events=[0, 1_000, 10_000, 100_000, 1_000_000]
        ),
        "idle": idle.measure(seconds=60.0, events=100_000),
    }


def quick() -> dict[str, Any]:
    """Measure at a tenth of them."""
    return {
        "ingest": ingest.measure(None, rounds=1, seconds=1.0),
        "hooks": hooks.throughput(rounds=1),
        "drain": drain.measure(rounds=1),
        "mixed": mixed.measure(seconds=5.0, offered=800),
        "growth": growth.measure(memories=[0, 10_000], events=[0, 10_000]),
        "idle": idle.measure(seconds=10.0, events=10_000),
    }


def table(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = ["Ingest over HTTP", ingest.table(figures["ingest"])]
    lines += ["Hooks a second, four at a time", _line(figures["hooks"]), ""]
    lines += [
        "50 waiting streams until all are visible, 200 ms a call",
        _line(figures["drain"]),
        "",
    ]
    lines += ["16 writers, 2 readers", _line(figures["mixed"]), ""]
    lines += ["One POST as the database grows"]
    lines += [_line(step) for step in figures["growth"]["steps"]]
    lines += ["", "At rest", _line(figures["idle"]), ""]
    return "\n".join(lines)


def _line(values: dict[str, Any]) -> str:
    shown = {name: value for name, value in values.items() if name != "machine"}
    return "  " + ", ".join(f"{name} {value}" for name, value in shown.items())


if __name__ == "__main__":
    main()
