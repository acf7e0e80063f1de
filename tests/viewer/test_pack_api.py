"""Packs over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.retrieval.pack.render import is_fenced
from codemem_core.store import memories, sessions
from codemem_core.store.engine.store import Store

QUESTION = "why was the invoice rounding wrong"


@pytest.fixture(scope="module", autouse=True)
def memory(served: object) -> None:
    """Put one memory beside the running server, as a command of the user would."""
    new = NewMemory(
        key="test-1",
        kind="bugfix",
        title="Round the invoice total once",
        body="Rounding each line made the invoice total wrong; now the sum is rounded.",
        origin="user",
        files_modified=("invoicing/invoice.py",),
    )

    def remember(db: object) -> None:
        session = sessions.by_hand(db, project="shop", cwd=None, now_ms=1)  # type: ignore[arg-type]
        memories.add(db, new, session_id=session, now_ms=1)  # type: ignore[arg-type]

    with Store.open(str(served.db)) as store:  # type: ignore[attr-defined]
        store.write(remember)


@pytest.fixture
def rule(served: object) -> str:
    """Keep a rule of the user's."""
    text = "Always salt the keys."
    new = NewMemory(key="test-2", kind="preference", title=text, body=text, origin="user")

    def remember(db: object) -> None:
        session = sessions.by_hand(db, project="shop", cwd=None, now_ms=1)  # type: ignore[arg-type]
        memories.add(db, new, session_id=session, now_ms=1)  # type: ignore[arg-type]

    with Store.open(str(served.db)) as store:  # type: ignore[attr-defined]
        store.write(remember)
    return text


def test_get_and_post_build_the_same_pack(api: httpx.Client) -> None:
    """The two doors to a pack differ only in what ends up in logs."""
    asked = {"context": QUESTION, "limit": 3, "project": "shop"}
    by_get = api.get("/api/pack", params=asked).json()
    by_post = api.post("/api/pack", json=asked).json()

    assert [item["title"] for item in by_post["items"]] == ["Round the invoice total once"]
    assert by_get["pack_text"] == by_post["pack_text"]
    assert by_post["context"] == QUESTION
    assert {"context", "items", "pack_text", "metrics"} <= set(by_post)


def test_a_folder_names_the_project(api: httpx.Client, tmp_path: Path) -> None:
    """A client need not know how projects are named; one that it names stands over the folder."""
    folder = tmp_path / "shop" / "src"
    folder.mkdir(parents=True)
    (tmp_path / "shop" / ".git").mkdir()
    asked = {"context": QUESTION, "cwd": str(folder)}

    found = api.post("/api/pack", json=asked).json()
    other = api.post("/api/pack", json=asked | {"project": "other"}).json()

    assert (found["metrics"]["project"], len(found["items"])) == ("shop", 1)
    assert (other["metrics"]["project"], len(other["items"])) == ("other", 0)


def test_limits_default_to_the_settings(api: httpx.Client) -> None:
    """Without figures, the pack is as large as an injected one."""
    metrics = api.post("/api/pack", json={"context": QUESTION}).json()["metrics"]

    assert (metrics["limit"], metrics["token_budget"]) == (8, 800)


def test_working_set_is_taken(api: httpx.Client) -> None:
    """The files at hand are part of the question."""
    asked = {"context": QUESTION, "working_set": ["invoicing/invoice.py"]}

    assert api.post("/api/pack", json=asked).is_success


def test_context_is_required(api: httpx.Client) -> None:
    """A pack is about something."""
    answers = [api.get("/api/pack"), api.post("/api/pack", json={"context": " "})]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == {"error": "context required"}


def test_memories_come_in_pages(api: httpx.Client) -> None:
    """The list says whether there is more; names and forms are those of earlier releases."""
    page = api.get("/api/memories", params={"limit": 1, "project": ""}).json()

    [item] = page["items"]
    assert item["title"] == "Round the invoice total once"
    assert (item["facts"], item["metadata_json"]) == ("[]", {})
    assert item["body_text"] == item["body"]
    assert item["created_at"].endswith("+00:00")
    assert page["pagination"] == {
        "limit": 1,
        "offset": 0,
        "next_offset": None,
        "has_more": False,
    }


def test_a_pack_to_inject_is_fenced(api: httpx.Client) -> None:
    """A host that injects unasked gets text marked as data, others plain text."""
    asked = {"context": QUESTION, "project": "shop"}
    plain = api.post("/api/pack", json=asked).json()["pack_text"]
    to_inject = api.post("/api/pack", json=asked | {"injected": True}).json()["pack_text"]

    assert not is_fenced(plain)
    assert is_fenced(to_inject)


def test_a_session_that_begins_is_told_the_users_rules(api: httpx.Client, rule: str) -> None:
    """Before what fits its prompt; nobody else is."""
    asked = {"context": QUESTION, "project": "shop", "injected": True}
    later = api.post("/api/pack", json=asked).json()["pack_text"]
    first = api.post("/api/pack", json=asked | {"begins": True}).json()

    assert rule not in later
    assert first["pack_text"].index(rule) < first["pack_text"].index("Round the invoice total once")
    assert is_fenced(first["pack_text"])
