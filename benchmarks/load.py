"""What the benchmarks of the server share: servers, clients, events that look like real ones."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from codemem_core import paths

HERE = Path(__file__).parent
TEXT = (
    "def total(lines):\n    return sum(line.amount for line in lines)\n"
    "# the invoice is rounded once, at the end; see tests/test_invoice.py line 42\n"
)
"""One tool result is about 700 bytes, the median of real sessions."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server process that answers on a Unix socket."""

    process: subprocess.Popen[bytes]
    socket: str
    database: str

    def cpu_s(self) -> float:
        """Return the processor time it has used."""
        with open(f"/proc/{self.process.pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Return its resident memory."""
        with open(f"/proc/{self.process.pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def serving(kind: str, **settings: str) -> Iterator[Server]:
    """Run `codemem serve` or the `floor` with a home of its own until the block ends."""
    with tempfile.TemporaryDirectory(prefix="cm-") as home:
        database = f"{home}/mem.sqlite"
        socket_path = paths.socket_path(database) if kind == "codemem" else f"{home}/floor.sock"
        command = {
            "codemem": [str(Path(sys.executable).with_name("codemem")), "serve", "--port", "0"],
            "floor": [sys.executable, str(HERE / "floor.py"), database, socket_path],
        }[kind]
        environ = {"HOME": home, "PATH": os.environ["PATH"], "CODEMEM_DB": database, **settings}
        if kind == "floor":
            environ |= {name: os.environ[name] for name in os.environ if name.startswith("FLOOR_")}
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        try:
            until_it_answers(socket_path, process)
            yield Server(process, socket_path, database)
        finally:
            process.terminate()
            process.wait()


def until_it_answers(path: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the socket takes connections."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            return
        time.sleep(0.002)
    raise SystemExit(f"the server ended: {process.returncode}")


class Client:
    """One kept-alive connection; as cheap as a client can be, so the server is what is measured."""

    def __init__(self, path: str) -> None:
        self._link = socket.socket(socket.AF_UNIX)
        self._link.connect(path)
        self._link.settimeout(60)

    def post(self, path: str, body: bytes) -> int:
        """Send a JSON body and return the status; the whole reply has been read."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._link.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        got, _, rest = data.partition(b"\r\n\r\n")
        length = int(got.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(rest) < length:
            rest += self._more()
        return int(got.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def _more(self) -> bytes:
        data = self._link.recv(65_536)
        if not data:
            raise ConnectionResetError("the server hung up")
        return data


def event(stream: str, number: int) -> dict[str, Any]:
    """Return a tool event as the OpenCode plugin sends it."""
    return {
        "event_id": f"{stream}-{number:08}",
        "event_type": "tool.execute.after",
        "ts_wall_ms": 1_780_000_000_000 + number,
        "payload": {
            "type": "tool.execute.after",
            "tool": "read",
            "args": {"filePath": f"/home/me/shop/src/invoice_{number % 40}.py"},
            "result": f"{number}\n{TEXT * 4}",
        },
    }


def body(stream: str, first: int, count: int) -> bytes:
    """Return the body of a POST with `count` events of a stream."""
    events = [event(stream, number) for number in range(first, first + count)]
    return json.dumps(
        {"session_id": stream.partition("-@")[0], "cwd": "/home/me/shop", "events": events}
    ).encode()


def percentile(taken: Sequence[float], percent: int) -> float:
    """Return a percentile of at least two values."""
    return quantiles(taken, n=100, method="inclusive")[percent - 1]


def machine() -> dict[str, Any]:
    """Say where the figures come from."""
    return {"cpus": os.cpu_count(), "python": sys.version.split()[0], "load": os.getloadavg()[0]}
