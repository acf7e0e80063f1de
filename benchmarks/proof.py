"""Small sizes of everything that is claimed, on one page: `python benchmarks/proof.py`.

Takes about a quarter of an hour on two cores. Every figure stands with its interval, its aim and
the command that measures it alone. `--sessions FOLDER` uses recorded sessions; without, stories and
events are made up. Ratios are of one run, in turns, so that other load hits both sides.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE)]

import hooks  # noqa: E402 - the folders above come first
import idle  # noqa: E402
import ingest  # noqa: E402
import recall  # noqa: E402
import storage  # noqa: E402
from load import machine  # noqa: E402
from recorded import hook_events  # noqa: E402
from stories import recorded, stories, with_questions  # noqa: E402

from codemem_core.commands.host import Host  # noqa: E402
from codemem_core.redact import Shortcut, redact, strip_private  # noqa: E402
from codemem_eval.commands.sessions import OURS, chosen, compare  # noqa: E402
from codemem_eval.sessions.figures import FIGURES, share_interval  # noqa: E402
from codemem_eval.sessions.page import Report  # noqa: E402
from codemem_eval.sessions.recording import Session, sessions_below  # noqa: E402
from codemem_eval.sessions.walk import PLACEBO  # noqa: E402
from codemem_viewer.decode import json_text  # noqa: E402
from codemem_viewer.plain import is_plain  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One figure."""

    name: str
    value: float
    low: float
    high: float
    aim: str
    met: bool | None
    """None where there is no aim."""
    command: str

    def line(self) -> str:
        """Return it for the page."""
        span = f"({self.low:g} to {self.high:g})" if self.low != self.high else ""
        told = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{self.name:46}{self.value:>9g} {span:22} {self.aim:12}{told:8}{self.command}"


def main() -> None:
    """Print the page; what is missed comes first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=Path)
    options.add_argument("--output", type=Path, default=Path("proof.json"))
    options.add_argument("--only", choices=[part.__name__ for part in PARTS], nargs="*")
    given = options.parse_args()
    began = time.monotonic()
    found: list[Proof] = []
    for part in PARTS:
        if not given.only or part.__name__ in given.only:
            sys.stderr.write(f"{part.__name__} …\n")
            found += part(given.sessions)
    found.sort(key=lambda one: {False: 0, True: 1, None: 2}[one.met])
    where = machine()
    head = f"{where['cpus']} cores, Python {where['python']}, load {where['load']:.1f}"
    lines = [f"{head}, {time.monotonic() - began:.0f} s", *(one.line() for one in found)]
    sys.stdout.write("\n".join(lines) + "\n")
    given.output.write_text(json.dumps([asdict(one) for one in found], indent=1))


def worth(folder: Path | None) -> Iterator[Proof]:
    """What memory is worth to sessions: facts told before, against a placebo."""
    plugins = Host().plugins
    told = stories()
    projects = (
        with_questions(plugins, recorded(plugins, told), told)
        if folder is None
        else sessions_below(folder, plugins)
    )

    def walked(session: Session) -> bool:
        return folder is not None or session.id >= f"{session.project}-0500"

    rows = compare(projects, chosen(projects, None), ours=OURS, walked=walked)
    report = Report(rows, OURS)
    command = f"codemem dev eval sessions {folder or 'FOLDER'}"
    for other in (PLACEBO, "full-text search", "last message"):
        gap = report.against(other, FIGURES[0])
        if gap is not None:
            yield _proof(
                f"facts saved, more than {other}", gap.value, gap.low, gap.high, "> 0", gap.low > 0,
                command,
            )  # fmt: skip
    rows_of = [row for row in rows if row.arm == OURS]
    entries = sum(row.harm.entries for row in rows_of)
    wrong = sum(row.harm.gone + row.harm.replaced for row in rows_of)
    low, high = share_interval(wrong, max(1, entries))
    yield _proof(
        "wrong or replaced, of what is told", wrong / max(1, entries), low, high, "", None, command
    )


def redaction(folder: Path | None) -> Iterator[Proof]:
    """Redaction of a recorded event: as it came in, and again as its source read it."""
    events = hook_events(folder, count=600)[:600]

    def quick(event: Any) -> None:  # noqa: ANN401 - JSON
        text = json_text(event)
        if not is_plain(text):
            given = strip_private(event) if "private" in text.lower() else event
            shortcut = Shortcut(is_plain)
            redact(redact(given, shortcut=shortcut)[0], shortcut=shortcut)

    def whole(event: Any) -> None:  # noqa: ANN401
        redact(redact(strip_private(event))[0])

    ratios, taken = [], []
    for _ in range(5):
        fast, slow = _cpu_us(quick, events), _cpu_us(whole, events)
        taken.append(fast)
        ratios.append(fast / slow)
    command = "benchmarks/proof.py --only redaction"
    yield _of("redaction, us a recorded event", taken, "", None, command)
    yield _of("redaction, of the time without shortcuts", ratios, "<= 0.5", 0.5, command)


def taking(folder: Path | None) -> Iterator[Proof]:
    """Taking events, against floors that redact the same bytes."""
    figures = ingest.measure(folder, rounds=3, seconds=1.0)
    command = "benchmarks/ingest.py"
    for each in figures["cases"]:
        for floor in ingest.FLOORS:
            low, high = each[f"interval, {floor}"]
            ratio = each[f"ratio, {floor}"]
            name = f"ingest {each['batch']} x {each['clients']}, of a floor that {floor}"
            yield _proof(name, ratio, low, high, ">= 0.5", ratio >= ingest.GOAL, command)
    ratio = figures["distilling"]["ratio"]
    name = "ingest while ten sessions are distilled, of alone"
    yield _proof(name, ratio, ratio, ratio, ">= 0.5", ratio >= ingest.GOAL, command)


def packs(_folder: Path | None) -> Iterator[Proof]:
    """Packs in a warm server, and search against FTS5 as it comes."""
    for step in recall.measure(sizes=[2_000, 10_000])["steps"]:
        size, command = step["memories"], "benchmarks/recall.py"
        name = f"pack at {size} memories, ms (median, 95th)"
        yield _proof(name, step["p50_ms"], step["p50_ms"], step["p95_ms"], "", None, command)
        times = step["times_plain"]
        name = f"search at {size}, times stock FTS5"
        yield _proof(name, times, times, times, "", None, command)


def hook_times(_folder: Path | None) -> Iterator[Proof]:
    """Hooks as processes, in turns with bare Python."""
    with tempfile.TemporaryDirectory() as home:
        bench = hooks.Bench(home)
        with bench.server():
            taken = bench.in_turns(30, bench.hooks())
    bare = [wall for wall, _ in taken["python -c pass"]]
    for name, aim in (("claude-hook-ingest", 1.4), ("claude-hook-inject", 3.2)):
        ratios = [wall / own for (wall, _), own in zip(taken[name], bare, strict=True)]
        yield _of(f"{name}, of bare Python", ratios, f"<= {aim}", aim, "benchmarks/hooks.py")


def rest(_folder: Path | None) -> Iterator[Proof]:
    """Start and memory of a server."""
    figures = idle.measure(seconds=5.0, events=2_000)
    command = "benchmarks/idle.py"
    for key, name, aim in (
        ("start_ms", "start of the server, ms", 400.0),
        ("fresh_mb", "memory of a server, MB", 60.0),
        ("resident_mb", "memory after 2,000 events, MB", 85.0),
    ):
        value = figures[key]
        yield _proof(name, value, value, value, f"<= {aim:g}", value <= aim, command)


def disk(folder: Path | None) -> Iterator[Proof]:
    """Bytes a session."""
    ratio = storage.measure(folder, count=40)["ratio"]
    name = "database, of the raw transcripts"
    yield _proof(name, ratio, ratio, ratio, "<= 0.55", ratio <= 0.55, "benchmarks/storage.py")


PARTS: Sequence[Callable[[Path | None], Iterator[Proof]]] = (
    worth, redaction, taking, packs, hook_times, rest, disk,
)  # fmt: skip


def _cpu_us(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    began = time.process_time()
    for item in items:
        work(item)
    return 1e6 * (time.process_time() - began) / len(items)


def _of(name: str, values: Sequence[float], aim: str, most: float | None, command: str) -> Proof:
    """Return the median of some rounds, between its quartiles."""
    low, _, high = quantiles(values, n=4)
    middle = median(values)
    return _proof(name, middle, low, high, aim, None if most is None else middle <= most, command)


def _proof(  # noqa: PLR0913, PLR0917 - the columns of the page
    name: str, value: float, low: float, high: float, aim: str, met: bool | None, command: str
) -> Proof:
    rounded = [float(f"{one:.3g}") for one in (value, low, high)]
    return Proof(
        name=name, value=rounded[0], low=rounded[1], high=rounded[2], aim=aim, met=met,
        command=command,
    )  # fmt: skip


if __name__ == "__main__":
    main()
