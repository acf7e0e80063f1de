"""The tools, as an agent meets them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store

Request = Any
Ask = Any


def titles(answer: dict[str, Any]) -> list[str]:
    """Return the titles of an answer's items."""
    return [item["title"] for item in answer["items"]]


def test_tools_are_listed_with_description_and_effects(request_of: Request) -> None:
    """Each tool says what it is for, what it gives, and whether it changes anything."""
    listed = {tool["name"]: tool for tool in request_of("tools/list")["result"]["tools"]}

    assert set(listed) == {
        "memory_search_index",
        "memory_search",
        "memory_get",
        "memory_recent",
        "memory_timeline",
        "memory_expand",
        "memory_get_observations",
        "memory_explain",
        "memory_learn",
        "memory_pack",
        "memory_remember",
        "memory_forget",
        "memory_schema",
    }
    assert all(len(tool["description"]) > 40 for tool in listed.values())
    assert not [name for name, tool in listed.items() if "\n  " in tool["description"]]
    assert all(tool["outputSchema"]["properties"] for tool in listed.values())
    effects = {name: tool["annotations"] for name, tool in listed.items()}
    changing = {name for name, effect in effects.items() if not effect["readOnlyHint"]}
    assert changing == {"memory_remember", "memory_forget"}
    assert effects["memory_forget"]["destructiveHint"]
    assert not effects["memory_remember"]["destructiveHint"]
    assert listed["memory_search"]["inputSchema"]["required"] == ["query"]


def test_index_searches_the_current_project_and_widens(ask: Ask) -> None:
    """The folder names the project; `*` looks everywhere, a name or path at another one."""
    here = ask("memory_search_index", query="zebra")
    everywhere = ask("memory_search_index", query="zebra", project="*")
    there = ask("memory_search_index", query="zebra", project="/somewhere/other")

    assert titles(here) == ["Zebra cache evicts the newest entry"]
    assert len(titles(everywhere)) == 2
    assert titles(there) == ["Zebra stripes are drawn twice"]
    assert set(here) == {"items", "widening"}
    assert set(here["items"][0]) == {
        *("id", "kind", "title", "score", "created_at", "session_id", "metadata")
    }


def test_search_returns_bodies_of_one_kind(ask: Ask) -> None:
    """`memory_search` gives the text; `kind` leaves the others out."""
    answer = ask("memory_search", query="widget zebra", kind="decision")

    (item,) = answer["items"]
    assert item["body"] == "Widget store keeps an order, as we saw."
    assert set(item) == {
        *("id", "title", "kind", "body", "confidence", "score", "session_id", "metadata")
    }


def test_get_returns_the_row_or_not_found(ask: Ask) -> None:
    """One memory in full by id; an unknown id is an answer, not a failure."""
    row = ask("memory_get", memory_id=1)

    assert (row["title"], row["body_text"]) == (
        "Zebra cache evicts the newest entry",
        "Zebra cache evicts the newest entry, as we saw.",
    )
    assert row["created_at"] == "2023-11-14T22:13:20.000+00:00"
    assert ask("memory_get", memory_id=99) == {"error": "not_found"}


def test_recent_lists_newest_first(ask: Ask) -> None:
    """The newest memories of the project; a limit below one still gives one."""
    assert titles(ask("memory_recent", limit=2)) == [
        "Tests run with one worker",
        "Widget store keeps an order",
    ]
    assert len(titles(ask("memory_recent", limit=-5))) == 1


def test_timeline_shows_the_neighbours(ask: Ask) -> None:
    """The best hit stands between what came before and after it in its session."""
    answer = ask("memory_timeline", query="widget", depth_before=1, depth_after=1)

    assert titles(answer) == [
        "Zebra cache evicts the newest entry",
        "Widget store keeps an order",
        "Tests run with one worker",
    ]
    assert answer["items"][0]["linked_prompt"] is None
    assert ask("memory_timeline", memory_id=99) == {"items": []}


def test_pack_is_the_pack_object(ask: Ask) -> None:
    """`memory_pack` answers with the documented object."""
    pack = ask("memory_pack", context="zebra cache")

    assert {"context", "items", "pack_text", "metrics"} <= set(pack)
    assert "Zebra cache evicts the newest entry" in pack["pack_text"]
    assert "stripes" not in pack["pack_text"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("memory_get", {"memory_id": 1 << 70}),
        ("memory_forget", {"memory_id": "seven"}),
        ("memory_get_observations", {"ids": [-1]}),
        ("memory_search", {}),
        ("memory_search", {"query": "x", "trust_bias": "hard"}),
        ("no_such_tool", {}),
    ],
)
def test_wrong_arguments_are_the_models_to_mend(
    request_of: Request, tool: str, arguments: dict[str, Any]
) -> None:
    """What cannot be is said as the tool's answer, not as a failure of the server."""
    answer = request_of("tools/call", name=tool, arguments=arguments)

    told = answer.get("error") or answer["result"]["content"][0]["text"]
    assert "Internal" not in str(told)
    assert tool in str(told) or "validation" in str(told)


def test_schema_names_kinds_and_fields(ask: Ask) -> None:
    """The schema lists the kinds and what each field holds."""
    schema = ask("memory_schema")

    assert "decision" in schema["kinds"]
    assert "narrative" in schema["fields"]
    assert {"kind", "project", "include_visibility", "trust_bias"} <= set(schema["filters"])


SIGNATURES = {
    "memory_search_index": "query limit kind project + *",
    "memory_search": "query limit kind project + *",
    "memory_timeline": "query memory_id depth_before depth_after project +",
    "memory_expand": "ids depth_before depth_after include_observations project",
    "memory_get_observations": "ids",
    "memory_explain": "query ids limit project include_pack_context +",
    "memory_get": "memory_id",
    "memory_recent": "limit kind project +",
    "memory_pack": "context limit project + *",
    "memory_remember": "kind title body confidence project",
    "memory_forget": "memory_id",
    "memory_schema": "",
    "memory_learn": "",
}
FILTERS = {
    "+": {
        *(f"{way}_{what}" for way in ("include", "exclude")
          for what in ("actor_ids", "visibility", "workspace_ids", "workspace_kinds")),
        "personal_first",
    },
    "*": {
        *("include_trust_states", "exclude_trust_states", "trust_bias", "widen_shared_when_weak"),
        *("widen_shared_min_personal_results", "widen_shared_min_personal_score"),
    },
}  # fmt: skip


@pytest.mark.parametrize("tool", SIGNATURES)
def test_arguments_are_those_that_clients_know(request_of: Request, tool: str) -> None:
    """Each tool has the documented arguments and no other."""
    expected = set[str]()
    for name in SIGNATURES[tool].split():
        expected |= FILTERS.get(name, {name})
    listed = {tool["name"]: tool for tool in request_of("tools/list")["result"]["tools"]}

    assert set(listed[tool]["inputSchema"].get("properties", {})) == expected


def test_filters_hold_for_what_is_the_users_own(ask: Ask) -> None:
    """Everything is private and the user's: filters for that let all pass, others nothing."""
    asked = {"query": "zebra widget tests"}

    assert len(titles(ask("memory_search", **asked, include_visibility=["private"]))) == 3
    assert titles(ask("memory_search", **asked, include_visibility=["shared"])) == []
    assert titles(ask("memory_recent", exclude_workspace_kinds=["personal"])) == []
    assert titles(ask("memory_timeline", query="widget", include_actor_ids=["somebody"])) == []
    assert ask("memory_pack", context="zebra cache", include_actor_ids=["other"])["items"] == []


def test_trust_filters_go_by_origin(ask: Ask) -> None:
    """What came from outside and nobody confirmed is unreviewed: left out, alone, or lower."""
    asked = {"query": "tests worker widget"}
    outside = "Tests run with one worker"

    assert titles(ask("memory_search", **asked, include_trust_states=["unreviewed"])) == [outside]
    assert outside not in titles(ask("memory_search", **asked, include_trust_states=["trusted"]))
    packed = ask("memory_pack", context="tests one worker", exclude_trust_states=["unreviewed"])
    assert outside not in titles(packed)
    plain, soft = (
        ask("memory_search_index", **asked, trust_bias=bias)["items"] for bias in ("off", "soft")
    )
    assert plain[0]["title"] == outside
    assert {item["id"] for item in soft} == {item["id"] for item in plain}


def test_widening_says_that_nothing_is_shared(ask: Ask) -> None:
    """A search tells how many results are the user's own: all of them."""
    widening = ask("memory_search_index", query="zebra", widen_shared_when_weak=True)["widening"]

    assert widening == {
        "widening_applied": False,
        "personal_result_count": 1,
        "shared_result_count": 0,
        "strong_personal_result_count": 1,
    }


def test_expand_shows_what_surrounds_ids_and_names_the_missing(ask: Ask) -> None:
    """Anchors, what happened around them, and a reason for each id that is not shown."""
    answer = ask("memory_expand", ids=[2, "2", 4, 99, 0, 1.5], depth_before=1, depth_after=0)

    assert [row["id"] for row in answer["anchors"]] == [2]
    assert [row["id"] for row in answer["timeline"]] == [1, 2]
    assert answer["missing_ids"] == [4, 99]
    assert {error["code"]: error.get("ids") for error in answer["errors"]} == {
        "INVALID_ARGUMENT": None,
        "PROJECT_MISMATCH": [4],
        "NOT_FOUND": [99],
    }
    assert answer["metadata"] == {
        "project": "demo",
        "requested_ids_count": 5,
        "returned_anchor_count": 1,
        "timeline_count": 2,
        "include_observations": False,
    }


def test_expand_goes_beyond_the_project_and_gives_the_text(ask: Ask) -> None:
    """An empty project takes any id; observations are the whole of what is shown."""
    answer = ask("memory_expand", ids=[4], project="", include_observations=True)

    assert answer["observations"][0]["body_text"] == "Zebra stripes are drawn twice, as we saw."
    assert answer["errors"] == []


def test_explain_names_the_parts_of_a_score(ask: Ask) -> None:
    """Hits come first with rank and score; ids that the query does not find follow."""
    answer = ask("memory_explain", query="zebra cache", ids=[2], include_pack_context=True)

    first, last = answer["items"][0], answer["items"][-1]
    assert first["retrieval"] == {"source": "query", "rank": 1}
    assert first["matches"] == {"query_terms": ["zebra", "cache"], "project_match": True}
    assert {"base", "recency", "kind_bonus", "personal_bias", "semantic_boost"} <= set(
        first["score"]["components"]
    )
    assert first["pack_context"]["included"]
    assert last["id"] == 2
    assert last["retrieval"] == {"source": "id_lookup", "rank": None}
    assert last["score"]["total"] is None
    assert answer["metadata"]["returned_items_count"] == 2


def test_explain_of_nothing_says_so(ask: Ask) -> None:
    """Neither a query nor ids is a mistake that is named."""
    answer = ask("memory_explain")

    assert answer["items"] == []
    assert answer["errors"][0]["code"] == "INVALID_ARGUMENT"


def test_observations_come_in_the_order_asked_forgotten_ones_too(ask: Ask) -> None:
    """Several memories in full; unknown ids are left out."""
    ask("memory_forget", memory_id=1)

    items = ask("memory_get_observations", ids=[2, 1, 99])["items"]

    assert [(item["id"], item["active"]) for item in items] == [(2, True), (1, False)]


def test_reading_leaves_a_receipt(ask: Ask, database: str) -> None:
    """What an agent read in full is written down, with its project and session."""
    ask("memory_get", memory_id=1)
    ask("memory_expand", ids=[2, 99])
    ask("memory_search", query="zebra")

    with Store.open(database) as store, store.read() as db:
        found = rows(
            db,
            "SELECT metadata ->> '$.tool', metadata -> '$.memory_ids', metadata ->> '$.project',"
            " metadata ->> '$.session' FROM usage_events WHERE event = 'expand' ORDER BY id",
        )
    assert found == [("memory_get", "[1]", "demo", "s1"), ("memory_expand", "[2]", "demo", "s1")]


def test_guide_names_tools_that_exist(ask: Ask, request_of: Request) -> None:
    """Every tool the guide mentions can be called by that name."""
    guide = str(ask("memory_learn"))
    listed = {tool["name"] for tool in request_of("tools/list")["result"]["tools"]}
    named = set(re.findall(r"\bmemory_[a-z_]+", guide)) - {"memory_", "memory_id"}

    assert named
    assert named <= listed


def test_database_that_cannot_be_used_is_an_answer(request_of: Request, database: str) -> None:
    """A damaged database is said in one sentence with a hint, and the session goes on."""
    with open(database, "r+b") as file:
        file.write(b"not a database at all")
    answer = request_of("tools/call", name="memory_recent", arguments={})["result"]

    assert answer["isError"]
    assert "codemem" in answer["content"][0]["text"]
    assert request_of("tools/list")["result"]["tools"]
