"""The JavaScript plugin and the Python source agree on what they exchange."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from core.redact.test_masks import FAMILIES, NAMED, ORDINARY, PLACES
from core.secret_corpus import corpus

import codemem_core.redact
import codemem_opencode.plugin
from codemem_core.capture.intake import Intake
from codemem_core.capture.spool import Spool
from codemem_core.config.settings import Settings
from codemem_core.paths import socket_path
from codemem_core.plugins import builtin
from codemem_core.plugins.registry import Plugins
from codemem_core.project import project_label
from codemem_core.records.event import AdapterEvent
from codemem_core.records.protocols import EventContext
from codemem_core.redact import redact
from codemem_core.store.engine.store import Store
from codemem_core.store.events import append
from codemem_opencode.events import OpenCode

NODE = shutil.which("node")
REPLAY = Path(__file__).with_name("replay.mjs")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


def run(*arguments: str, told: Iterable[object] = ()) -> list[Any]:
    """Run the plugin's code in Node, tell it JSON lines, and return those it prints."""
    done = subprocess.run(
        [str(NODE), str(REPLAY), *arguments],
        input="\n".join(json.dumps(each) for each in told),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def understood(recording: str) -> list[AdapterEvent]:
    """Return what the source makes of everything the plugin posts of a recording."""
    source = OpenCode()
    events = [
        source.normalize(posted["payload"], context=EventContext(stream_id=posted["sessionID"]))
        for posted in run("events", recording)
        if posted["payload"]["type"] != "session.idle"  # asks for a flush, and says nothing
    ]
    assert None not in events
    return [event for event in events if event]


def test_every_posted_event_is_understood() -> None:
    """Nothing the plugin posts is lost on the source, and every event has its own id."""
    events = understood("work_session")

    assert len({event.event_id for event in events}) == len(events) == 27
    assert [event.event_type for event in events[:2]] == ["session_start", "prompt"]
    failed = [event for event in events if event.payload.get("status") == "error"]
    assert [event.payload["tool_name"] for event in failed] == [
        *("bash", "read", "demo-throws", "bash")
    ]
    assert failed[0].payload["error"] == "exit code 3"


def test_life_of_a_session_is_understood() -> None:
    """Compaction, errors and the end arrive as what they are."""
    kinds = [event.event_type for event in understood("many_turns")]

    assert kinds.count("prompt") == 6
    assert kinds.count("session_start") == 3  # two sessions, one compaction
    assert kinds.count("error") == 2
    assert kinds[-1] == "session_end"


@pytest.mark.parametrize("folder", ["/home/dev/.codemem", "/home/dev/" + "deep/" * 30])
def test_both_look_for_the_same_socket(folder: str) -> None:
    """The plugin connects where the server listens, with short paths and long ones."""
    database = f"{folder.rstrip('/')}/mem.sqlite"

    assert run("socket", database) == [socket_path(database)]


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        ("app/src", {"app/.git/HEAD": ""}, "app"),
        ("plain", {}, "plain"),
        ("tree", {"tree/.git": "gitdir: ../app/.git/worktrees/tree"}, "app"),
        ("tree", {"tree/.git": "gitdir: ../b.git/w", "b.git/w/commondir": ".."}, "b"),
        ("sub", {"sub/.git": "gitdir: ../.git/modules/sub"}, "sub"),
    ],
)
def test_both_name_the_same_project(
    tmp_path: Path, folder: str, files: dict[str, str], expected: str
) -> None:
    """Repositories, plain folders, linked worktrees, bare ones and submodules."""
    (tmp_path / folder).mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    place = str(tmp_path / folder)

    assert project_label(cwd=place, payload_project=None, environ={}) == expected
    assert run("project", place) == [expected]


def secrets() -> list[object]:
    """Return texts with secrets of every family, and thousands of ordinary lines."""
    made = [place.replace("%s", make()) for make in FAMILIES.values() for place in PLACES]
    made += [place.replace("%s", make()) for make, places in NAMED.values() for place in places]
    plain = [line.encode("utf-8", "replace").decode() for line in ORDINARY]
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    nested = {"cookie": ["a b"], "secret": {"name": "x y"}, "password": 1234, "n": {"token": 12}}
    return [*made, *plain, *lines[:20_000], nested, *(text for _, text in corpus(seed=13))]


def test_both_know_the_same_secrets() -> None:
    """The plugin masks what codemem masks, and leaves the rest alone."""
    values = secrets()

    masked = run("redact", told=values)

    def same(value: object) -> str:
        return re.sub(r":[0-9a-f]{4}\]", ":]", json.dumps(value))

    assert [same(value) for value in masked] == [same(redact(value)[0]) for value in values]


def test_both_read_the_same_table() -> None:
    """The plugin is installed without codemem beside it, so it has a copy."""
    ours = Path(codemem_core.redact.__file__).with_name("secrets.json")
    copy = Path(codemem_opencode.plugin.__file__).parent / "opencode_plugin/lib/secrets.json"

    assert copy.read_bytes() == ours.read_bytes()


def test_what_the_plugin_spools_is_stored_as_if_posted(tmp_path: Path) -> None:
    """With its own ids: an event that reached the server as well is there once."""
    path = str(tmp_path / "spool")
    [bodies] = run("spool", "work_session", path)
    plugins = Plugins.only(builtin, codemem_opencode.plugin, settings=Settings.load({}))
    spool = Spool(path, max_files=100, max_bytes=10**7)

    with Store.open(str(tmp_path / "mem.sqlite")) as store:
        intake = Intake(plugins)
        posted = intake.raw_events(bodies[0])
        store.write(lambda db: append(db, posted, now_ms=1))
        done = spool.drain(store, intake)
        with store.read() as db:
            ids = [row[0] for row in db.execute("SELECT event_id FROM raw_events ORDER BY id")]

    assert (done.stored, done.duplicate, done.bad) == (len(bodies) - 1, 1, 0)
    assert ids == [body["event_id"] for body in bodies]


def test_the_project_that_the_user_chose_is_stored(tmp_path: Path) -> None:
    """It stands over the folder's, which the server sees as well."""
    plugins = Plugins.only(builtin, codemem_opencode.plugin, settings=Settings.load({}))
    payload = {"type": "user_prompt", "prompt_text": "hi", "codemem": {"project": "mine"}}
    body = {"session_id": "s", "event_type": "user_prompt", "cwd": str(tmp_path)}

    [event] = Intake(plugins).raw_events({**body, "project": "mine", "payload": payload})

    assert event.project == "mine"
