"""Faults that plugins have in the server are told to people who ask elsewhere."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from codemem_core import paths
from codemem_core.plugins.server_faults import with_faults
from codemem_core.records.plugin import PluginInfo

LISTING = [PluginInfo(name="evil"), PluginInfo(name="idle"), PluginInfo(name="x", problem="ours")]


def answer_once(database: str, body: bytes) -> threading.Thread:
    """Stand in for the server of a database, for one request."""
    path = paths.socket_path(database)
    paths.run_folder(str(Path(path).parent))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)

    def serve() -> None:
        with listener, listener.accept()[0] as link:
            asked = link.recv(65536)
            assert asked.startswith(b"GET /api/pages/plugins HTTP/1.1\r\n")
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            link.sendall(head.encode() + body)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_the_servers_faults_are_added(tmp_path: Path) -> None:
    """A problem of this process's own is not covered by the server's."""
    database = str(tmp_path / "mem.sqlite")
    told = [{"name": "evil", "problem": "3 faults"}, {"name": "x", "problem": "theirs"}]
    server = answer_once(database, json.dumps({"plugins": told}).encode())

    found = with_faults(LISTING, database)

    server.join()
    assert [info.problem for info in found] == ["in the server: 3 faults", "", "ours"]


@pytest.mark.parametrize("body", [b"", b"no", b'{"plugins": 7}', b'{"plugins": [{}]}'])
def test_a_server_that_answers_nonsense_is_left_out(tmp_path: Path, body: bytes) -> None:
    """So is one that is not there."""
    database = str(tmp_path / "mem.sqlite")
    server = answer_once(database, body)

    found = with_faults(LISTING, database)

    server.join()
    assert found == LISTING
    assert with_faults(LISTING, database) == LISTING
