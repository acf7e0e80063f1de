"""Events a second over HTTP, acknowledged after the COMMIT: `python benchmarks/ingest.py`.

Events are those of recorded sessions (`--sessions FOLDER`), else made up like them. Every case runs
on `codemem serve` and on two floors in turns, a few rounds; what counts is the median ratio of a
round. Both floors parse and redact the same bytes by the same rules; one stores them, one does not.

`distilling`: the same deliveries while ten sessions that were stored before are distilled. Clients
are processes of their own. Beside the rates stands the server's processor time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Any

from load import Client, Server, machine, serving
from recorded import MARK, bodies, hook_events, sessions

UNREACHABLE = {
    "CODEMEM_OBSERVER_RUNTIME": "api_http",
    "CODEMEM_OBSERVER_BASE_URL": "http://127.0.0.1:9",
    "CODEMEM_OBSERVER_API_KEY": "none",
    "CODEMEM_RAW_EVENTS_MAX_BODY_BYTES": "10000000",
}
"""An observer that cannot be asked: what is measured is taking events, not flushing them. And room
for 500 recorded events, which are 3 MB."""
FLOORS = {
    "redacts": {"FLOOR_REDACTS": "1", "FLOOR_STORES": "0"},
    "redacts and stores": {"FLOOR_REDACTS": "1"},
}
CASES = [(1, 1), (1, 4), (1, 16), (50, 4), (500, 4)]
"""Events a delivery, and clients."""
GOAL = 0.5
TEN = 10
_MARK = MARK.encode()
Rate = tuple[float, float]
"""Events a second, and processor microseconds of the server for each."""


def main() -> None:
    """Print the table, or JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=Path, help="recorded sessions; made up without")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=2.0, help="of each case and round")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measure(chosen.sessions, rounds=chosen.rounds, seconds=chosen.seconds)
    sys.stdout.write(json.dumps(figures) + "\n" if chosen.json else table(figures))


def measure(folder: Path | None, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Return the rates of every case, and their ratios to the floors."""
    payloads = hook_events(folder)
    taken: dict[tuple[int, int], list[dict[str, Rate]]] = {case: [] for case in CASES}
    for number in range(rounds):
        with ExitStack() as open_:
            servers = {"codemem": open_.enter_context(serving("codemem", **UNREACHABLE))}
            for name, settings in FLOORS.items():
                servers[name] = open_.enter_context(serving("floor", **settings))
            for each in servers.values():
                rate(each, payloads, (1, 1), 0.2, 99)  # the first requests of a server are slow
            for case in CASES:
                job = (payloads, case, seconds, number)
                taken[case].append({name: rate(one, *job) for name, one in servers.items()})
    return {
        "machine": machine(),
        "events": len(payloads),
        "cases": [_case(case, each) for case, each in taken.items()],
        "distilling": median_of([distilling(payloads, folder, seconds) for _ in range(rounds)]),
    }


def _case(case: tuple[int, int], rounds: Sequence[dict[str, Rate]]) -> dict[str, Any]:
    found: dict[str, Any] = {"batch": case[0], "clients": case[1]}
    for name in rounds[0]:
        found[name] = round(median(each[name][0] for each in rounds))
        found[f"{name} cpu us"] = round(median(each[name][1] for each in rounds))
        if name != "codemem":
            ratios = [each["codemem"][0] / each[name][0] for each in rounds]
            found[f"ratio, {name}"] = round(median(ratios), 2)
            found[f"interval, {name}"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return found


def distilling(payloads: Sequence[Any], folder: Path | None, seconds: float) -> dict[str, float]:
    """Return the rate of single events alone, and while ten sessions are distilled."""
    case = (1, 4)
    with serving("codemem", CODEMEM_OBSERVER_RUNTIME="extractive") as server:
        alone = rate(server, payloads, case, seconds, 90)
        used, began = server.cpu_s(), time.perf_counter()
        client = Client(server.socket)
        for number, events in enumerate(sessions(folder, TEN)):
            ended = [*events, {"hook_event_name": "SessionEnd", "reason": "other"}]
            for body in bodies(ended, f"distilled-{number}", min(50, len(ended))):
                client.post("/api/raw-events", body.replace(_MARK, b"0"))
        busy = rate(server, payloads, case, max(seconds, 3.0), 91)
        time.sleep(3)
        spent = server.cpu_s() - used
        client.close()
    return {
        "alone": round(alone[0]),
        "while distilling": round(busy[0]),
        "ratio": round(busy[0] / alone[0], 2),
        "taking, cpu us an event": round(alone[1]),
        "server cpu s": round(spent, 1),
        "wall s": round(time.perf_counter() - began, 1),
    }


def median_of(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: median(each[name] for each in rounds) for name in rounds[0]}


def rate(
    server: Server, payloads: Sequence[Any], case: tuple[int, int], seconds: float, number: int
) -> Rate:
    """Let clients send for a while and return what they got acknowledged."""
    batch, clients = case
    spawn = multiprocessing.get_context("fork")
    start, used = spawn.Barrier(clients), server.cpu_s()
    jobs = [
        (server.socket, bodies(payloads[n::clients], f"{number}-{batch}-{n}", batch), seconds)
        for n in range(clients)
    ]
    with spawn.Pool(clients, _share, (start,)) as pool:
        done = pool.starmap(_send, [(*job, batch) for job in jobs], chunksize=1)
    used = server.cpu_s() - used
    sent = sum(events for events, _ in done)
    return sum(events / took for events, took in done), 1e6 * used / max(1, sent)


_start: Barrier


def _share(start: Barrier) -> None:
    global _start  # noqa: PLW0603 - how a pool hands a barrier to its processes
    _start = start


def _send(path: str, ready: Sequence[bytes], seconds: float, batch: int) -> tuple[int, float]:
    # Bodies are ready with numbers to fill in: clients share the machine with what they measure.
    client = Client(path)
    _start.wait()
    sent, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        body = ready[sent % len(ready)].replace(_MARK, b"%06d" % sent)
        if (status := client.post("/api/raw-events", body)) != 200:
            raise RuntimeError(f"refused with {status}: {len(body)} bytes")
        sent += 1
    client.close()
    return sent * batch, took


def table(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [
        f"{figures['events']} events; ratios: median of the rounds (least to most)",
        "batch  clients  codemem/s  cpu us" + "".join(f"{f'/ {name}':>28}" for name in FLOORS),
    ]
    for each in figures["cases"]:
        line = (
            f"{each['batch']:5}{each['clients']:9}{each['codemem']:11,}{each['codemem cpu us']:8}"
        )
        for name in FLOORS:
            low, high = each[f"interval, {name}"]
            line += f"{each[f'ratio, {name}']:12.2f} ({low:.2f} to {high:.2f})"
        lines.append(line + ("" if each["ratio, redacts"] >= GOAL else f"  below {GOAL}"))
    told = ", ".join(f"{name} {value:g}" for name, value in figures["distilling"].items())
    return "\n".join([*lines, f"ten sessions distilled meanwhile: {told}", ""])


if __name__ == "__main__":
    main()
