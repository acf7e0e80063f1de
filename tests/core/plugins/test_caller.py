"""Plugins of third parties that misbehave: the host goes on, counts, and names them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from codemem_core.errors import PluginError
from codemem_core.plugins.caller import Callee, Caller
from codemem_core.records.plugin import PluginInfo

HOOKS = """
from codemem_core.hookspecs import hookimpl
from codemem_core.records import seams
"""
OFFERS = {
    "ingest_sources": 'seams.IngestSource(name="evil", target="their_evil:made")',
    "flush_policies": 'seams.FlushPolicy(name="evil", target="their_evil:made")',
    "observer_runtimes": (
        'seams.ObserverRuntime(name="evil", target="their_evil:made", needs_credential=False)'
    ),
    "auth_sources": 'seams.AuthSource(name="evil", target="their_evil:made")',
    "embedders": 'seams.Embedder(name="evil", target="their_evil:made", dimension=2)',
}
FAULTS = {
    "raises": "1 / 0",
    "exits": "raise SystemExit('bye')",
    "hangs": "import time; time.sleep(60)",
    "gives nonsense": "return object()",
    "forks and raises": "import os\n        if os.fork() == 0: os._exit(0)\n        1 / 0",
    "prints and raises": "print('{}'); import os; os.write(1, b'{}'); os.system('echo {}'); 1 / 0",
    "closes stdout": "import os; os.close(1); 1 / 0",
    "leaks a thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); 1 / 0"
    ),
    "opens the database": "import sqlite3; sqlite3.connect(DATABASE); 1 / 0",
}
"""What a plugin does wrong, as the body of a method; each is a fault."""

METHODS = ("normalize", "due", "observe", "resolve", "embed")

ASK = """
import json, os, sys
from codemem_core.errors import CodememError
from codemem_core.plugins.registry import Plugins
from codemem_core.config.settings import Settings
from codemem_core.records.event import FlushDecision, StreamState
from codemem_core.records.evidence import Evidence, Prompt
from codemem_core.records.protocols import EventContext

settings = Settings.load()
plugins = Plugins.load(settings)
state = StreamState(source="x", stream_id="s", project=None, pending=1, pending_tools=0,
                    pending_prompts=1, first_pending_ms=0, last_received_ms=0,
                    last_event_type="prompt")
evidence = Evidence(source="x", stream_id="s", project=None, cwd=None,
                    items=(Prompt(text="why", number=1, seq=0),))

def ingest_sources():
    plugins.normalize("evil", {"a": 1}, context=EventContext())

def flush_policies():
    from codemem_core.flush.worker import FlushWorker
    from codemem_core.store.engine.store import Store
    if not workers:
        store = Store.open(settings.path("db"), threaded=True)
        workers.append(FlushWorker(store, plugins, settings))
    workers[0]._decided("evil", workers[0]._policies["evil"], state, 0)

def observer_runtimes():
    from codemem_core.observers.observe import Observing
    Observing(plugins, settings).observe(evidence, may_fall_back=False)

def auth_sources():
    from codemem_core.observers.observe import Observing
    Observing(plugins, settings)._source().resolve(None)

def embedders():
    from codemem_core.retrieval.embedding import Meaning
    Meaning(plugins, settings).embed(["x"])

told, workers = [], []
for _ in range(4):
    try:
        globals()[sys.argv[1]]()
        told.append("nothing")
    except CodememError as error:
        told.append(str(error))
print(json.dumps({"told": told, "problems": plugins.problems}))
sys.stdout.flush()
os._exit(0)
"""


class Site:
    """A folder of installed third-party packages, and processes that see them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(self, source: str, *, needs: str = "", fast: str = "") -> None:
        """Install the distribution `codemem-evil` with one module."""
        (self.folder / "their_evil.py").write_text(source)
        info = self.folder / "codemem_evil-1.2.dist-info"
        info.mkdir(exist_ok=True)
        wanted = f"Requires-Dist: codemem-core{needs}\n" if needs else ""
        metadata = f"Metadata-Version: 2.1\nName: codemem-evil\nVersion: 1.2\n{wanted}"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[codemem]\nevil = their_evil\n{fast}")

    def run(
        self, *argv: str, stdin: str = "", within_s: float = 60, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments; it has to end in time."""
        given = {
            "PYTHONPATH": str(self.folder),
            "HOME": str(self.folder),
            "PATH": "/usr/bin:/bin",
            "CODEMEM_PLUGIN_TIMEOUT_MS": "500",
        }
        return subprocess.run(
            [sys.executable, *argv],
            env={**given, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def codemem(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        code = "import sys; from codemem_cli.main import main; sys.exit(main())"
        return self.run("-c", code, *arguments, **more)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return an empty folder of packages."""
    return Site(tmp_path / "site")


def plugin(hook: str, fault: str, database: Path) -> str:
    """Return a plugin's source whose one offer has a fault in every method."""
    methods = "".join(f"    def {method}(self, *_, **__):\n        {fault}\n" for method in METHODS)
    return (
        f"{HOOKS}\nDATABASE = {str(database)!r}\n"
        f"class Evil:\n    model = 'evil@1'\n{methods}\n"
        f"def made(settings): return Evil()\n\n"
        f"@hookimpl\ndef codemem_{hook}():\n    return [{OFFERS[hook]}]\n"
    )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", OFFERS)
def test_a_fault_is_named_and_the_third_is_the_last(site: Site, hook: str, fault: str) -> None:
    """Whatever the seam and whatever the fault: the host goes on, standard output stays clean."""
    site.install(plugin(hook, FAULTS[fault], site.folder / ".codemem/mem.sqlite"))
    slow = hook in {"observer_runtimes", "embedders"} and fault == "hangs"
    if slow:
        pytest.skip("has a limit of its own: `stuck_batch_ms`, 30 s")

    done = site.run(
        "-c",
        ASK,
        hook,
        CODEMEM_OBSERVER_RUNTIME="evil",
        CODEMEM_EMBEDDER="evil",
        CODEMEM_OBSERVER_AUTH_SOURCE="evil",
        CODEMEM_OBSERVER_AUTH_TIMEOUT_MS="1",
    )

    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert all("evil" in told for told in report["told"]), report
    assert "is off after 3 faults" in report["told"][3]
    assert "now it is off" in report["problems"][0]


AT_IMPORT = {
    "raises": "1 / 0",
    "exits": "raise SystemExit('bye')",
    "hangs": "import time; time.sleep(60)",
    "turns for ever": "while True: pass",
    "prints": "print('{}'); import os; os.write(1, b'{}'); os.system('echo {}')",
    "forks": "import os; os.fork()",
    "closes stdout": "import os; os.close(1)",
    "closes Python's stdout": "import sys; sys.stdout.close()",
    "leaks a thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "has a wrong signature": HOOKS + "@hookimpl\ndef codemem_project(folder): ...",
}
SOUND = {"prints", "forks", "closes stdout", "closes Python's stdout", "leaks a thread"}


@pytest.mark.parametrize("fault", AT_IMPORT)
def test_a_bad_import_is_survived_and_listed(site: Site, fault: str) -> None:
    """The listing is whole JSON, printed once, and says what became of the plugin."""
    site.install(AT_IMPORT[fault])

    done = site.codemem("plugins", "--json", CODEMEM_PLUGIN_TIMEOUT_MS="100")

    assert done.returncode == 0, done.stderr
    listed = {each["name"]: each for each in json.loads(done.stdout)["plugins"]}
    assert listed["evil"]["third_party"]
    assert listed["evil"]["state"] == ("active" if fault in SOUND else "failed")
    assert bool(listed["evil"]["problem"]) == (fault not in SOUND)
    assert listed["builtin"]["state"] == "active"


@pytest.mark.parametrize("fault", sorted(AT_IMPORT))
def test_a_hook_meets_no_plugin_of_others(site: Site, fault: str) -> None:
    """Claude Code's hook prints nothing, whatever is installed; the event is kept."""
    fast = "[codemem.fast]\nclaude-hook-ingest = their_evil:main\n"
    site.install(AT_IMPORT[fault], fast=fast)
    payload = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "s",
        "prompt": "why",
        "cwd": "/",
    }

    done = site.codemem("claude-hook-ingest", stdin=json.dumps(payload), CODEMEM_VIEWER="0")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # One that hangs takes the time that the database would need: the spool has the event then.
    site.codemem("spool", "drain")
    waiting = site.codemem("raw-events-status", "--json")
    assert json.loads(waiting.stdout)["totals"]["pending"] == 1


def test_a_hook_of_ours_that_hangs_in_others_hands_is_left_behind(site: Site) -> None:
    """`codemem_project` and `codemem_memory_saved` have no record; they have the same limits."""
    site.install(f"{HOOKS}import time\n@hookimpl\ndef codemem_project(cwd): time.sleep(60)\n")
    ask = (
        "from codemem_core.plugins.registry import Plugins\n"
        "from codemem_core.config.settings import Settings\n"
        "import os; plugins = Plugins.load(Settings.load())\n"
        "print([plugins.project('/work/shop', {}) for _ in range(4)], plugins.problems, flush=True)"
    )

    done = site.run("-c", ask, CODEMEM_PLUGIN_TIMEOUT_MS="100")

    assert done.stdout.startswith("['shop', 'shop', 'shop', 'shop'] ['plugin `evil` (codemem-evil")
    assert "no answer within 0.1 s; now it is off" in done.stdout


def test_arguments_are_copies(site: Site) -> None:
    """What a plugin does to a payload stays with it."""
    site.install(f"{HOOKS}@hookimpl\ndef codemem_project(payload): payload.clear()\n")
    ask = (
        "from codemem_core.plugins.registry import Plugins\n"
        "from codemem_core.config.settings import Settings\n"
        "given = {'a': [1]}; Plugins.load(Settings.load()).project('/x', given); print(given)"
    )

    assert site.run("-c", ask).stdout == "{'a': [1]}\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("@click.command()\ndef made(): 1 / 0", "ZeroDivisionError"),
        ("made = 'no command'", "is no command"),
        ("del click", "AttributeError"),
    ],
)
def test_a_command_that_breaks_off_is_named(site: Site, command: str, told: str) -> None:
    """One line that says whose it is, and exit code 5; no traceback."""
    offer = 'seams.Command(name="evil", target="their_evil:made")'
    site.install(
        f"{HOOKS}import click\n@hookimpl\ndef codemem_commands(): return [{offer}]\n{command}"
    )

    done = site.codemem("evil")

    assert done.returncode == 5
    assert "plugin `evil` (codemem-evil 1.2)" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("needs", "fits"),
    [
        (">=1.0,<2", True),
        ("~=1.0", True),
        ("==1.*", True),
        ("[testing]>=1", True),
        (">=1.0.0rc1", True),
        (">=2; python_version < '3'", True),
        (">=2; python_version > '3'", False),
        (">=2", False),
        ("<1.0", False),
        ("~=0.19", False),
        ("!=1.0.0", False),
    ],
)
def test_the_range_a_package_depends_on_is_kept(site: Site, needs: str, fits: bool) -> None:
    """Also when codemem was upgraded, or the package installed without its dependencies."""
    site.install(HOOKS, needs=needs)

    listed = json.loads(site.codemem("plugins", "--json").stdout)["plugins"]

    [evil] = [each for each in listed if each["name"] == "evil"]
    assert evil["state"] == ("active" if fits else "failed")
    assert fits or evil["problem"].startswith("it is made for codemem-core `")


def on_a_terminal(site: Site, *arguments: str) -> str:
    """Run the program with a terminal for its errors; return what they are."""
    ours, theirs = pty.openpty()
    code = "import sys; from codemem_cli.main import main; sys.exit(main())"
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PYTHONPATH": str(site.folder), "HOME": str(site.folder), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        try:
            return terminal.read(65536).decode()
        except OSError:  # the other side said nothing and is closed
            return ""


def test_a_new_plugin_is_announced_once_to_a_person(site: Site) -> None:
    """Not where nobody looks, not twice; again when it was removed in between."""
    site.install(HOOKS)
    unseen = site.codemem("plugins").stderr

    told = [on_a_terminal(site, "plugins") for _ in range(2)]
    (site.folder / "codemem_evil-1.2.dist-info/entry_points.txt").write_text("")
    told.append(on_a_terminal(site, "plugins"))
    site.install(HOOKS)
    told.append(on_a_terminal(site, "plugins"))

    assert unseen == ""
    assert [text.count("new third-party plugin `evil` (codemem-evil 1.2)") for text in told] == [
        1, 0, 0, 1
    ]  # fmt: skip


def test_doctor_names_plugins_of_others(site: Site) -> None:
    """As well as what is wrong with them."""
    site.install("1 / 0")

    told = site.codemem("doctor").stdout

    assert "BAD plugins: plugin `evil` (codemem-evil 1.2): ZeroDivisionError" in told
    assert "ok  plugins: third-party: `evil` (codemem-evil 1.2)" in told


THEIRS = Callee(info=PluginInfo(name="evil", third_party=True), key="evil", about="`evil`")


def test_quick_calls_of_a_plugin_share_a_thread() -> None:
    """They come with every event; starting a thread for each would cost more than the call."""
    caller = Caller(5.0, report=lambda *_: None)

    threads = {caller.call(THEIRS, threading.get_ident, quick=True) for _ in range(20)}

    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_a_quick_call_that_hangs_is_left_behind() -> None:
    """The next one gets a thread that is free."""
    caller = Caller(0.2, report=lambda *_: None)
    release = threading.Event()
    with pytest.raises(PluginError, match="no answer within"):
        caller.call(THEIRS, release.wait, quick=True)

    assert caller.call(THEIRS, lambda: "answer", quick=True) == "answer"
    release.set()
