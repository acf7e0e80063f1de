"""What a person may do with memories, batches and settings over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from seed import fill

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_core.store import journal
from codemem_core.store.engine.store import Store
from codemem_viewer.editable import EDITABLE
from tests.viewer.conftest import wait_until

SECRET = "canary-4711"


@pytest.fixture(scope="module")
def api(served: Any) -> Iterator[httpx.Client]:
    """A client of a server with memories in it."""
    with Store.open(str(served.db)) as store:
        fill(store, now_ms=time.time_ns() // 1_000_000, weeks=1)
    with served.unix() as client:
        yield client


@pytest.mark.parametrize(
    ("change", "body", "field", "value"),
    [
        ("edit", {"title": "Other", "body": "Else"}, "title", "Other"),
        ("pin", {"pinned": True}, "pinned", True),
        ("confirm", {"confirmed": True}, "confirmed", True),
        ("forget", {}, "active", False),
    ],
)
def test_every_change_says_how_to_undo_it(  # noqa: PLR0917 - what it is run with
    api: httpx.Client, served: Any, change: str, body: dict[str, Any], field: str, value: object
) -> None:
    """The request in `undo` brings the memory back as it was, and its own `undo` changes it again.

    They stand in the journal, so the command line can take them back too.
    """
    before = api.get("/api/memories/3").json()

    done = api.post(f"/api/memories/3/{change}", json=body).json()
    undone = api.post(done["undo"]["path"], json=done["undo"]["body"]).json()
    after = api.get("/api/memories/3").json()
    api.post(undone["undo"]["path"], json={})
    with Store.open(str(served.db)) as store:
        last = store.write(
            lambda db: journal.undo(db, journal.entries(db)[0].id, by="cli", now_ms=9)
        )

    assert done["item"][field] == value
    assert after | {"updated_ms": 0} == before | {"updated_ms": 0}
    assert last.who == "viewer"
    assert api.get("/api/memories/3").json()[field] == before[field]


def test_a_change_that_was_overtaken_is_a_409(api: httpx.Client) -> None:
    """Nothing is taken back then; the answer says what stands in the way."""
    first = api.post("/api/memories/4/edit", json={"title": "First", "body": "b"}).json()
    api.post("/api/memories/4/edit", json={"title": "Second", "body": "b"})

    refused = api.post(first["undo"]["path"], json={})

    assert refused.status_code == 409
    assert "memory 4 was changed since" in refused.json()["error"]
    assert api.get("/api/memories/4").json()["title"] == "Second"
    assert api.post("/api/changes/99999/undo", json={}).status_code == 404


def test_what_was_so_already_needs_no_undo(api: httpx.Client) -> None:
    """Who asks wants a state, not a change."""
    api.post("/api/memories/5/pin", json={"pinned": False})

    again = api.post("/api/memories/5/forget", json={}), api.post("/api/memories/5/forget", json={})

    assert [answer.status_code for answer in again] == [200, 200]
    assert again[1].json()["undo"] is None
    api.post("/api/memories/5/restore", json={})


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"memory_id": "6", "visibility": "shared"}, 200, "Now shared"),
        ({"memory_id": True, "visibility": "shared"}, 400, "memory_id must be int"),
        ({"memory_id": 6}, 400, "visibility must be private or shared"),
        ({"memory_id": 6, "visibility": {}}, 400, "visibility must be private or shared"),
        ({"memory_id": 99999, "visibility": "private"}, 404, "no such memory: `99999`"),
    ],
)
def test_visibility_is_a_mark(
    api: httpx.Client, body: dict[str, Any], status: int, said: str
) -> None:
    """As older clients set it; `scope=shared` lists what has it."""
    answer = api.post("/api/memories/visibility", json=body)

    assert answer.status_code == status
    assert said in answer.json().values()
    if status == 200:
        shared = api.get("/api/memory", params={"scope": "shared"}).json()["items"]
        assert [(item["id"], item["visibility"], item["owned_by_self"]) for item in shared] == [
            (6, "shared", True)
        ]


@pytest.mark.parametrize("change", ["edit", "pin", "confirm", "forget", "restore"])
def test_a_memory_that_is_not_there_is_a_404(api: httpx.Client, change: str) -> None:
    """Nothing else is changed."""
    answer = api.post(
        f"/api/memories/99999/{change}",
        json={"title": "t", "body": "b"} if change == "edit" else {},
    )

    assert answer.status_code == 404
    assert answer.json() == {"error": "no such memory: `99999`"}


@pytest.mark.parametrize(
    ("change", "body"),
    [("edit", {"title": "only"}), ("edit", {"title": " ", "body": "x"}), ("pin", {"pinned": "yes"}),
     ("confirm", {"origin": "user"})],
)  # fmt: skip
def test_a_wrong_body_is_a_400(api: httpx.Client, change: str, body: dict[str, Any]) -> None:
    """Fields that nobody knows are refused, or an `origin` might seem to be taken."""
    assert api.post(f"/api/memories/3/{change}", json=body).status_code == 400


def test_lists_follow_the_contract(api: httpx.Client) -> None:
    """Observations without summaries, summaries alone, both in one list."""
    observed = api.get("/api/observations", params={"limit": 500}).json()["items"]
    summaries = api.get("/api/summaries").json()["items"]
    every = api.get("/api/memory", params={"limit": 500}).json()["items"]

    assert observed == api.get("/api/memories", params={"limit": 500}).json()["items"]
    assert {item["kind"] for item in summaries} == {"session_summary"}
    assert len(every) == len(observed) + len(summaries)
    assert api.get("/api/memories", params={"scope": "theirs"}).json()["items"] == []
    assert api.get("/api/memories", params={"scope": "?"}).json() == {"error": "invalid_scope"}


def test_sessions_projects_and_usage_answer(api: httpx.Client) -> None:
    """The routes that older viewers ask for."""
    assert api.get("/api/sessions", params={"limit": 2}).json()["items"][0]["source"]
    assert "shop-api" in api.get("/api/projects").json()["projects"]
    assert api.get("/api/session", params={"project": "shop-api"}).json()["prompts"] > 0
    assert api.get("/api/artifacts").status_code == 400
    assert api.get("/api/artifacts", params={"session_id": "1"}).json() == {"items": []}
    usage = api.get("/api/usage", params={"project": "shop-api"}).json()
    assert usage["totals_filtered"]["events"] < usage["totals_global"]["events"]


def test_a_failed_batch_is_buried_once(api: httpx.Client) -> None:
    """Its stream goes on; what is no failed batch is a conflict."""
    waiting = api.get("/api/raw-events").json()["pending"]
    failed = [b["id"] for b in api.get("/api/batches").json()["items"] if b["state"] == "failed"]

    answers = [api.post(f"/api/batches/{failed[0]}/bury", json={}).status_code for _ in "12"]

    assert answers == [200, 409]
    assert api.get("/api/raw-events").json()["pending"] == waiting - 6
    assert api.post("/api/batches/99999/retry", json={}).status_code == 409


def test_a_batch_that_was_given_up_becomes_memories_when_it_is_tried_again(
    api: httpx.Client,
) -> None:
    """The server flushes it, and then it is no failed one any more."""
    [dead] = [
        b
        for b in api.get("/api/batches").json()["items"]
        if b["state"] == "dead" and b["error_kind"] == "permanent"
    ]

    assert api.post(f"/api/batches/{dead['id']}/retry", json={}).json() == {"said": "Trying again"}

    wait_until(lambda: dead["id"] not in {b["id"] for b in api.get("/api/batches").json()["items"]})
    sessions = api.get("/api/sessions", params={"limit": 500}).json()["items"]
    [made] = [s for s in sessions if s["stream_id"] == dead["stream_id"]]
    assert made["memories"] > 0
    assert api.post(f"/api/batches/{dead['id']}/retry", json={}).status_code == 409


def test_harmless_settings_are_saved_and_count_at_once(api: httpx.Client, served: Any) -> None:
    """They are written to the file and the answer says what became of them."""
    done = api.post("/api/config", json={"config": {"inject_limit": 3, "no_such_key": 1}}).json()

    assert done["effects"]["hot_reloaded_keys"] == ["inject_limit"]
    assert done["effective"]["inject_limit"] == 3
    file = Path(served.path) / ".config/codemem/config.json"
    assert json.loads(file.read_text()) == {"inject_limit": 3}


TABLE = list(Plugins.load(Settings.load({})).settings().values())
DANGEROUS = sorted(setting.key for setting in TABLE if setting.key not in EDITABLE)


@pytest.mark.parametrize("key", DANGEROUS)
def test_a_dangerous_setting_is_refused_with_the_line_to_type(api: httpx.Client, key: str) -> None:
    """Even beside a harmless one, and whatever the value."""
    before = api.get("/api/config").json()

    answer = api.post("/api/config", json={"config": {"inject_limit": 7, key: "x"}})

    assert answer.status_code == 403
    assert answer.json()["hint"].startswith(f"codemem config set {key} ")
    assert api.get("/api/config").json() == before


def test_no_command_url_header_file_or_plugin_is_editable() -> None:
    """What names one is of these kinds, or is named here."""
    kinds = {setting.key: setting.kind for setting in TABLE}

    assert {kinds[key] for key in EDITABLE} <= {"number", "flag", "text"}
    assert [key for key in EDITABLE if kinds[key] == "text"] == ["observer_model"]
    assert {setting.key for setting in TABLE if setting.secret}.isdisjoint(EDITABLE)


@pytest.mark.parametrize("value", ["many", -1, [1], {"a": 1}, True, "1" * 500, "1\n2"])
def test_a_value_that_is_none_is_a_400(api: httpx.Client, value: object) -> None:
    """Nothing is written."""
    assert api.post("/api/config", json={"inject_limit": value}).status_code == 400


def test_no_answer_holds_a_secret(machine: Any) -> None:
    """Keys, headers and the token stay where they are; so does a key inside a URL."""
    file = machine.path / ".config/codemem/config.json"
    file.parent.mkdir(parents=True)
    secrets = {
        "observer_api_key": SECRET,
        "observer_headers": {"X-Key": SECRET},
        "observer_base_url": f"https://ada:{SECRET}@example.org/v1",
        "sync_coordinator_admin_secret": SECRET,
    }
    file.write_text(json.dumps(secrets))
    machine.start(CODEMEM_VIEWER_TOKEN=SECRET)

    with machine.unix() as client:
        told = [
            client.get("/api/config"),
            client.post("/api/config", json={"inject_limit": 4}),
            client.get("/api/pages/settings"),
            client.get("/api/pages/settings", headers={"Accept": "text/html"}),
            client.get("/api/pages/health"),
        ]

    assert [answer.status_code for answer in told] == [200] * 5
    assert not [answer.url for answer in told if SECRET in answer.text]
