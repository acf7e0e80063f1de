"""Measure `codemem import-history claude`: `python benchmarks/history.py FOLDER`.

FOLDER holds Claude Code transcripts (`*/claude-code-*.jsonl`). They are copied into a home of their
own as they are, and once more twenty-fold, as one session each. For both: events, seconds and peak
memory of a dry run, of the import, and of the import again, which finds nothing new.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODEMEM = str(Path(sys.executable).with_name("codemem"))
FOLD = 20
LONG_AGO_S = 86_400
# Prints its child's peak memory: `getrusage` of this process would keep the largest of all.
RUN = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak); sys.stdout.flush(); sys.stdout.buffer.write(done.stdout)
"""


def main(root: Path) -> None:
    """Print the figures."""
    paths = sorted(root.glob("*/claude-code-*.jsonl"))
    for fold in (1, FOLD):
        with tempfile.TemporaryDirectory() as home:
            size = copy(paths, Path(home) / ".claude" / "projects" / "p", fold=fold)
            say(f"{len(paths)} sessions, {size / 1e6:.1f} MB")
            for step, options in (("dry run", ["--dry-run"]), ("import", []), ("again", [])):
                say(f"  {step:8} {measure(home, *options)}")


def copy(paths: list[Path], folder: Path, *, fold: int) -> int:
    """Write each transcript `fold` times into one of its own; return how many bytes there are."""
    folder.mkdir(parents=True)
    old = time.time() - LONG_AGO_S
    for path in paths:
        place = folder / path.name
        with place.open("wb") as copied:
            for n in range(fold):
                with path.open("rb") as original:
                    shutil.copyfileobj(original, copied)
                copied.write(b"" if n == fold - 1 else b"\n")
        os.utime(place, (old, old))
    return sum(each.stat().st_size for each in folder.iterdir())


def measure(home: str, *options: str) -> str:
    """Run the command once and return what it found and took."""
    began = time.perf_counter()
    command = [CODEMEM, "import-history", "claude", "--json", *options]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *command],
        env={"HOME": home, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds = time.perf_counter() - began
    peak, _, told = done.stdout.decode().partition("\n")
    found = json.loads(told)
    figures = f"{found['events']:7,} events, {found['stored']:7,} new"
    return f"{figures}  {seconds:6.1f} s  {int(peak) / 1024:6.1f} MiB"


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
