"""The example packages, as third parties would publish them: built, installed, used, removed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, run

NAMES = ("jsonl", "keyring", "ollama", "pi")
TIME = "2026-01-31T12:00:00Z"

pytestmark = [pytest.mark.wheels, pytest.mark.xdist_group("wheels")]


@pytest.fixture(scope="module")
def programs(installed: Path) -> Iterator[Path]:
    """Install the packages beside codemem, and take them away again."""
    folders = [ROOT / "examples" / f"codemem-{name}" for name in NAMES]
    run(installed / "pip", "install", "--quiet", "pytest", "hypothesis", *folders)
    yield installed
    names = [f"codemem-{name}" for name in NAMES]
    run(installed / "pip", "uninstall", "--quiet", "--yes", *names)
    left = json.loads(run(installed / "codemem", "plugins", "--json"))["plugins"]
    assert not {info["name"] for info in left} & set(NAMES)


class Model(BaseHTTPRequestHandler):
    """A model server with Ollama's wire format that always finds the same."""

    def do_POST(self) -> None:
        """Answer any question."""
        self.rfile.read(int(self.headers["Content-Length"]))
        found = {"type": "bugfix", "title": "The login works", "narrative": "It was a typo."}
        answer = json.dumps({"observations": [found], "summary": None})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"message": {"content": answer}, "model": "m"}).encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def ollama() -> Iterator[str]:
    """Run the model server; return its address."""
    server = HTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_they_show_up_as_third_party(programs: Path, environ: dict[str, str]) -> None:
    """Installing them was all it took."""
    listing = json.loads(run(programs / "codemem", "plugins", "--json", environ=environ))

    found = {info["name"]: info for info in listing["plugins"] if info["name"] in NAMES}
    assert {name: info["state"] for name, info in found.items()} == dict.fromkeys(NAMES, "active")
    assert all(info["third_party"] for info in found.values())
    assert {info["needs"] for info in found.values()} <= {">=1.0,<2", "<2,>=1.0"}
    told = run(programs / "codemem", "doctor", environ=environ)
    assert "third-party: `jsonl` (codemem-jsonl 0.1.0)" in told


def test_a_host_and_a_model_of_others_work_together(
    programs: Path, environ: dict[str, str], ollama: str, tmp_path: Path
) -> None:
    """A log is read by one package, flushed, and observed by another."""
    log = tmp_path / "agent.log"
    lines = [
        {"session": "s1", "time": TIME, "kind": "prompt", "text": "fix the login"},
        {"session": "s1", "time": TIME, "kind": "reply", "text": "Fixed."},
        {"session": "s1", "time": TIME, "kind": "end"},
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    environ |= {"CODEMEM_OBSERVER_RUNTIME": "ollama", "CODEMEM_OLLAMA_URL": ollama}
    environ |= {"CODEMEM_JSONL_SAVED": str(tmp_path / "saved.log")}
    codemem = programs / "codemem"

    read = [run(codemem, "jsonl-read", log, environ=environ) for _ in range(2)]
    run(codemem, "flush-raw-events", "s1", "--source", "jsonl", environ=environ)

    assert read == ["Stored 3 events\n", "Stored 0 events\n"]
    assert json.loads((tmp_path / "saved.log").read_text())["title"] == "The login works"
    assert "The login works" in run(codemem, "recent", "--all-projects", environ=environ)


def test_a_credential_is_looked_for_in_the_keyring(programs: Path, environ: dict[str, str]) -> None:
    """A keyring without the key leaves the observer without one."""
    environ |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    code = (
        "from codemem_core.plugins.registry import Plugins;"
        "from codemem_core.config.settings import Settings;"
        "from codemem_core.records.protocols import AuthRequest;"
        "plugins = Plugins.load(Settings.load());"
        "source = plugins.make(plugins.auth_sources()['keyring']);"
        "print(source.resolve(AuthRequest(provider='openai')))"
    )

    assert run(programs / "python", "-c", code, environ=environ) == "None\n"


@pytest.mark.parametrize("name", NAMES)
def test_their_own_tests_pass(name: str, programs: Path, environ: dict[str, str]) -> None:
    """The conformance kit works from the installed wheels."""
    tests = ROOT / "examples" / f"codemem-{name}" / "tests"
    alone = ("-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", tests)

    shown = run(programs / "python", "-m", "pytest", "-q", *alone, tests, environ=environ)

    assert " passed" in shown
