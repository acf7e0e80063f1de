"""Measure what codemem's hooks add to a prompt and to a tool call, agent by agent.

`python benchmarks/hosts.py`: each agent's commands as processes, in turns with bare Python, so that
other load on the machine hits all of them; with a server, and without one. What they are sent was
recorded from the real agents. `--check` fails above the limits. OpenCode's plugin starts no process
at a prompt: `benchmarks/opencode.py` measures it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from hooks import BARE, CODEMEM, Bench, Taken, report

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
ROUNDS = 30
UP, DOWN = {"prompt": 5.0, "tool": 2.5}, {"prompt": 16.0, "tool": 14.0}
"""Processor time against bare Python's."""
PROMPT = "The VAT of the export in module 7 is a cent off. Please fix the parser of the report."
AGENTS = {
    "claude": (
        "claude/2.1.330",
        (
            ("prompt", "UserPromptSubmit", "claude-hook-inject"),
            ("tool", "PostToolUse.Bash", "claude-hook-ingest"),
        ),
    ),
    "codex": (
        "codex/0.171.0",
        (
            ("prompt", "UserPromptSubmit", "codex-hook"),
            ("tool", "PostToolUse.Bash", "codex-hook"),
        ),
    ),
    "copilot": (
        "copilot/1.0.102",
        (
            ("prompt", "userPromptSubmitted", "copilot-hook userPromptSubmitted"),
            ("tool", "postToolUse.bash", "copilot-hook postToolUse"),
        ),
    ),
    "gemini": (
        "gemini/0.61.0",
        (
            ("prompt", "BeforeAgent", "gemini-hook"),
            ("tool", "AfterTool.run_shell_command", "gemini-hook"),
        ),
    ),
}
"""Agent → folder of fixtures, and for each occasion the fixture and the command it is sent to."""

_numbers = count(1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What each agent's hooks add.")
    parser.add_argument("--check", action="store_true", help="fail above the limits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ho") as home:
        bench = Bench(home)
        # Codex's hooks go by the config file alone.
        settings = Path(home, ".config/codemem/config.json")
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"db": bench.database, "viewer_auto": False}))
        with bench.server():
            up = bench.in_turns(ROUNDS, commands(home))
        down = bench.in_turns(ROUNDS // 2, commands(home))
    report("server up", up)
    report("no server", down)
    late = [*above(up, UP, "server up"), *above(down, DOWN, "no server")]
    if options.check and late:
        raise SystemExit("\n".join(late))


def commands(home: str) -> dict[str, tuple[list[str], Callable[[], bytes]]]:
    """Return bare Python, and each agent's commands with what they read."""
    found: dict[str, tuple[list[str], Callable[[], bytes]]] = {"python -c pass": (BARE, bytes)}
    for agent, (folder, occasions) in AGENTS.items():
        for kind, fixture, command in occasions:
            payload = json.loads((FIXTURES / folder / f"{fixture}.json").read_text())
            send = sender(payload, Path(home, "invoicing"))
            found[f"{agent} {kind}"] = ([CODEMEM, *command.split()], send)
    return found


def sender(payload: dict[str, Any], project: Path) -> Callable[[], bytes]:
    """Return what gives a payload another time, as a new call of its session in `project`."""

    def send() -> bytes:
        number = next(_numbers)
        own: dict[str, object] = {"cwd": str(project)}
        own |= {"prompt": f"{PROMPT} ({number})"} if "prompt" in payload else {}
        own |= {"tool_use_id": f"call_{number}"} if "tool_use_id" in payload else {}
        if isinstance(payload.get("timestamp"), int):
            own["timestamp"] = payload["timestamp"] + number
        return json.dumps(payload | own).encode()

    return send


def above(taken: Taken, limits: dict[str, float], when: str) -> Iterator[str]:
    """Yield what took more processor time, against bare Python's, than it may."""
    used = {name: median(ms for _, ms in runs) for name, runs in taken.items()}
    bare = used.pop("python -c pass")
    for name, ms in used.items():
        limit = limits[name.split()[1]]
        if ms / bare > limit:
            yield f"{name}, {when}: {ms / bare:.1f} x python -c pass, the limit is {limit}"


if __name__ == "__main__":
    main()
