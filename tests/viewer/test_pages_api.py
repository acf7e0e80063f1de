"""The pages: HTML for people and the same as JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from seed import fill

from codemem_core.hookpath import notes
from codemem_core.store.engine.store import Store
from codemem_viewer.guard import FILES
from tests.viewer.conftest import wait_until

HTML = {"Accept": "text/html"}
VIEWS = {
    "home": "rules",
    "memories": "memories",
    "sessions": "days",
    "session?id=1": "entries",
    "memory?id=1": "memory",
    "inspector": "projects",
    "health": "findings",
    "usage": "charts",
    "settings": "sections",
    "plugins": "plugins",
    "rules": "rules",
    "review": "proposals",
}


@pytest.fixture(scope="module")
def api(served: Any) -> Iterator[httpx.Client]:
    """A client of a server with some weeks of work in it."""
    with Store.open(str(served.db)) as store:
        fill(store, now_ms=time.time_ns() // 1_000_000)
    with served.unix() as client:
        yield client


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_has_a_json_twin(api: httpx.Client, view: str) -> None:
    """The same address gives a page to who asks for HTML and values to everybody else."""
    page, twin = api.get(f"/api/pages/{view}", headers=HTML), api.get(f"/api/pages/{view}")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1" in page.text
    assert VIEWS[view] in twin.json()


@pytest.mark.parametrize(
    "path", ["/", "/session", "/no/such-page", "/assets/app.js", "/assets/app.css"]
)
def test_the_frame_needs_no_key_and_tells_nothing(served: Any, path: str) -> None:
    """A browser opens a page without the token."""
    with served.tcp(Authorization="") as client:
        answer = client.get(path)

    assert answer.status_code == 200
    assert "shop-api" not in answer.text
    assert "'unsafe" not in answer.headers["content-security-policy"]


def test_every_file_of_the_frame_is_listed() -> None:
    """A file that the guard does not name would need a token."""
    folder = Path(__file__).parents[2] / "codemem_viewer/src/codemem_viewer/assets"

    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_no_template_holds_inline_code_or_style() -> None:
    """The content security policy would block it."""
    folder = Path(__file__).parents[2] / "codemem_viewer/src/codemem_viewer/templates"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())

    assert not [
        bad for bad in (" style=", " onclick=", "<style", "| safe", "https://") if bad in text
    ]
    assert text.count("<script") == 1


def test_the_feed_pages_through_everything(api: httpx.Client) -> None:
    """The pages follow one another without a gap or a repetition."""
    seen: list[int] = []
    after = ""
    while after is not None:
        page = api.get("/api/pages/memories", params={"after": after}).json()
        seen += [memory["id"] for memory in page["memories"]]
        after = page["next"]

    assert len(seen) == len(set(seen)) == api.get("/api/stats").json()["database"]["memory_items"]


@pytest.mark.parametrize("typed", ["rounding invoice", "round", "rou"])
def test_search_finds_what_is_being_typed(api: httpx.Client, typed: str) -> None:
    """Half a word finds what begins like it."""
    found = api.get("/api/pages/memories", params={"q": typed}).json()["memories"]

    assert any("round" in memory["title"].lower() for memory in found)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"kind": "decision"}, lambda m: m["kind"] == "decision"),
        ({"project": "infra"}, lambda m: m["project"] == "infra"),
        ({"host": "claude"}, lambda m: m["source"] == "claude"),
        ({"until": "2020-01-01"}, lambda _: False),
    ],
)
@pytest.mark.parametrize("q", ["", "rounding decimal invoice database client"])
def test_filters_hold_with_and_without_a_search(
    api: httpx.Client, params: dict[str, str], field: Any, q: str
) -> None:
    """Each memory of the answer fits."""
    found = api.get("/api/pages/memories", params={**params, "q": q}).json()["memories"]

    assert all(field(memory) for memory in found)


@pytest.mark.parametrize(
    "path",
    [
        "memories?since=yesterday",
        "memories?after=x",
        "memories?after=1-99999999999999999999",
        "session?id=0",
        "session",
        "usage?days=1",
    ],
)
def test_a_wrong_address_is_a_400_that_says_so(api: httpx.Client, path: str) -> None:
    """Never a 500."""
    answer = api.get(f"/api/pages/{path}")

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_session_that_is_not_there_is_a_404(api: httpx.Client) -> None:
    """In JSON, for the page's script too."""
    assert api.get("/api/pages/session?id=99999", headers=HTML).status_code == 404


def test_an_unknown_page_is_a_404_that_names_it(api: httpx.Client) -> None:
    """The frame shows it to the person who asked."""
    answer = api.get("/api/pages/nonsense", headers=HTML)

    assert (answer.status_code, answer.json()["error"]) == (404, "no such page: `/nonsense`")


def test_a_session_shows_what_was_said_done_and_remembered(api: httpx.Client) -> None:
    """In the order it happened."""
    entries = api.get("/api/pages/session?id=1").json()["entries"]

    assert [entry["what"] for entry in entries] == [
        *("prompt", "tool", "tool", "tool", "tool", "answer"),
        *("flush", "memory"),
    ]
    assert [entry["failed"] for entry in entries[1:5]] == [False, True, False, False]


def test_the_inspector_explains_what_is_in_and_what_is_out(api: httpx.Client) -> None:
    """Every memory that was found is in the pack or has a reason not to be."""
    body = {"prompt": "staging database replication and VAT rounding", "limit": 2}
    told = api.post("/api/pages/inspector", json=body).json()

    items = told["pack"]["items"]
    assert 0 < len(items) <= 2
    assert all(abs(sum(item["parts"].values()) - item["score"]) < 1e-6 for item in items)
    reasons = {hit["reason"] for hit in told["left"]}
    assert "comes from the web, and nobody has confirmed it" in reasons
    assert not {hit["id"] for hit in told["left"]} & {hit["id"] for hit in items}


def test_a_pack_for_a_session_is_told_on_its_page(api: httpx.Client) -> None:
    """Which memories, and how many tokens: as a host that asks the server is told them."""
    body = {
        "context": "why was the VAT rounding of invoices off",
        "injected": True,
        "session": {"source": "opencode", "stream_id": "opencode-session-002"},
    }
    told = api.post("/api/pack", json=body).json()

    wait_until(lambda: bool(api.get("/api/pages/session?id=3").json()["injected"]))
    page = api.get("/api/pages/session?id=3").json()
    assert [[memory["id"] for memory in each["memories"]] for each in page["injected"]] == [
        [item["id"] for item in told["items"]]
    ]
    assert page["injected"][0]["tokens"] == told["metrics"]["pack_tokens"]
    assert [e["memories"] for e in page["entries"] if e["what"] == "injected"]
    assert api.get("/api/usage").json()["recent_packs"][0]["tokens_read"] > 0


@pytest.mark.parametrize(
    "session", ["x", {}, {"source": "claude"}, {"source": 1, "stream_id": "x"}]
)
def test_a_pack_for_no_session_is_a_400(api: httpx.Client, session: object) -> None:
    """Half a name is none."""
    body = {"context": "VAT rounding", "injected": True, "session": session}

    assert api.post("/api/pack", json=body).status_code == 400


def test_what_hooks_note_is_on_the_usage_page(api: httpx.Client, served: Any) -> None:
    """The server reads it within a second or two."""
    for _ in range(20):
        notes.note(str(served.db), began=time.monotonic(), source="claude", hook="Stop ingest")

    def runs() -> int:
        hooks = api.get("/api/pages/usage").json()["hooks"]
        return sum(each["runs"] for each in hooks if each["name"] == "claude Stop ingest")

    wait_until(lambda: runs() == 20)
    charts = api.get("/api/pages/usage").json()["charts"]
    assert charts["hooks"]["series"] == ["median", "95th percentile"]
    assert charts["hooks"]["lines"]
    assert charts["kinds"]["bars"]
    assert charts["projects"]["totals"]


def test_health_says_why_flushes_failed(api: httpx.Client) -> None:
    """By error class, with what to do about it; and what the doctor found."""
    page = api.get("/api/pages/health").json()

    dead = {each["kind"]: each for each in page["failures"]}["permanent"]
    assert (dead["waiting"], dead["dead"]) == (0, 1)
    assert "observer_model" in dead["advice"]
    assert page["status"] == "attention"
    assert {"ledger", "queue", "spool", "files"} <= set(page["looked_at"])
    assert "viewer" in {each["name"] for each in page["plugins"]}


def test_a_plugin_says_how_to_switch_it_off(api: httpx.Client) -> None:
    """With the line that leaves the others as they are."""
    lines = {p["name"]: p["switch"] for p in api.get("/api/pages/plugins").json()["plugins"]}

    assert lines["viewer"] == "codemem config set disabled_plugins viewer"
    assert lines["builtin"] == ""


def test_the_scripts_stay_small() -> None:
    """Under 500 lines of code: pages are made by the server."""
    folder = Path(__file__).parents[2] / "codemem_viewer/src/codemem_viewer/assets"
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    lines = [line.strip() for line in text.splitlines()]

    assert len([line for line in lines if line and not line.startswith("//")]) < 500


def test_the_inspector_refuses_an_empty_prompt(api: httpx.Client) -> None:
    """And one that is no text."""
    assert api.post("/api/pages/inspector", json={"prompt": " "}).status_code == 400
    assert api.post("/api/pages/inspector", json={"prompt": 3}).json() == {
        "error": "prompt: expected `str`, got `int`"
    }


def test_the_stream_tells_of_a_memory_within_a_second(api: httpx.Client, served: Any) -> None:
    """Whoever wrote it; here another process's database connection."""

    def listen() -> list[str]:
        names: list[str] = []
        with served.unix() as client, client.stream("GET", "/api/stream") as stream:
            for line in stream.iter_lines():
                names += [line.removeprefix("event: ")] if line.startswith("event: ") else []
                if line.startswith("data: ") and "stream-test" in line:
                    return names
        return names

    with ThreadPoolExecutor() as pool:
        heard = pool.submit(listen)
        time.sleep(1)
        written = served_command(served, "remember", "note", "stream-test", "a body")
        names = heard.result(timeout=10)

    assert written == 0
    assert names[0] == "hello"
    assert names[-1] == "memory"


def served_command(served: Any, *arguments: str) -> int:
    """Run a command of this user."""
    import subprocess  # noqa: PLC0415

    command = [part for part in served.command() if part != "serve"] + list(arguments)
    return subprocess.run(
        command, env=served.environ, cwd=served.path, capture_output=True, timeout=60, check=False
    ).returncode


def test_the_openapi_document_has_the_bodies(api: httpx.Client) -> None:
    """Every POST that reads a body says what it reads."""
    paths = api.get("/api/openapi/openapi.json").json()["paths"]
    without = [
        path for path, does in paths.items() if "post" in does and "requestBody" not in does["post"]
    ]

    assert sorted(path.rpartition("/")[2] for path in without) == [
        "accept",
        "bury",
        "forget",
        "links",
        "mcp",
        "reject",
        "restore",
        "retry",
        "undo",
    ]
    assert "title" in json.dumps(paths["/api/memories/{memory_id}/edit"]["post"]["requestBody"])
