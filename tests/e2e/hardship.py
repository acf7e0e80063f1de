"""What goes wrong around a session: servers that do not answer, and disks that take nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any


@contextmanager
def sick_server(path: str, *, status: int, after_s: float) -> Iterator[None]:
    """Listen where the server should, and answer `status` to everything, late."""

    class Sick(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(after_s)
            body = b'{"error": "sick"}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return  # the plugin has given up

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    class Server(ThreadingMixIn, UnixStreamServer):
        daemon_threads = True

        def get_request(self) -> tuple[Any, Any]:
            request, _ = super().get_request()
            return request, ("plugin", 0)

    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with Server(path, Sick) as server:
        own = os.stat(path).st_ino
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join()
        # The plugin may have started a real server, which took the path: that one's socket stays.
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == own:
                os.unlink(path)


@contextmanager
def deaf_server(path: str) -> Iterator[None]:
    """Squat the place of the server: let everybody connect, answer nobody."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as squatter:
        squatter.bind(path)
        squatter.listen(100)
        yield
    with suppress(FileNotFoundError):
        os.unlink(path)


def run_mounted(
    command: Sequence[str], *, mount: str, over: Path, cwd: Path, environ: Mapping[str, str]
) -> str:
    """Run a program for which `over` is a file system of its own; return what it printed.

    `mount`: options of a tmpfs, such as `size=64k` or `ro`. Fails when the program fails.
    """
    own = "-m" if os.geteuid() == 0 else "-rm"
    mounted = f'mount -t tmpfs -o {mount} tmpfs "{over}"; exec "$@"'
    done = subprocess.run(
        ["unshare", own, "sh", "-ec", mounted, "sh", *command],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
