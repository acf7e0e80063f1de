"""From events to evidence."""

from __future__ import annotations

from codemem_core.ingest.evidence import OUTPUT_CHARS, clipped, collect, output_text, tool_name
from codemem_core.records.evidence import Message, Prompt, ToolUse
from tests.conftest import EventMaker


def test_prompts_tools_and_answers_come_in_the_order_they_happened(
    make_event: EventMaker,
) -> None:
    """Hooks of parallel tools arrive in any order; their times decide."""
    prompt = make_event(text="why")
    tool = make_event("tool_result", tool_name="Read", status="ok", tool_output="text")
    answer = make_event("assistant", text="because", usage={"input_tokens": 3})

    evidence = collect([answer, tool, prompt])

    assert [type(item) for item in evidence.items] == [Prompt, ToolUse, Message]


def test_our_own_tools_and_bookkeeping_are_no_evidence(make_event: EventMaker) -> None:
    """What codemem answered is not learnt again."""
    names = ["mcp__plugin_codemem_codemem__memory_search", "memory_recent", "TodoWrite"]
    events = [make_event("tool_result", tool_name=n, status="ok", tool_output="x") for n in names]

    assert collect([make_event(), *events]).items[1:] == ()


def test_a_tool_use_told_twice_is_one(make_event: EventMaker) -> None:
    """By its hook, which waited in the spool, and by the transcript; other uses of it stay."""
    uses = [make_event("tool_result", tool_name="Bash", status="ok") for _ in range(3)]
    for event, use in zip(uses, ("t1", "t1", "t2"), strict=True):
        event.payload["_adapter"]["meta"] = {"tool_use_id": use}

    assert len(list(collect([make_event(), *uses]).tools())) == 2


def test_a_failed_tool_has_an_error_even_without_a_text(make_event: EventMaker) -> None:
    """The status alone says that it failed."""
    (tool,) = collect([make_event("tool_result", tool_name="Bash", status="error")]).tools()

    assert tool.error == "failed"


def test_tool_names_lose_their_namespace() -> None:
    """Hosts write the same tool in several ways."""
    names = ["mcp__github__get_issue", "functions.Bash", "server:read", "Edit"]

    assert [tool_name(name) for name in names] == ["get_issue", "bash", "read", "edit"]


def test_output_is_text_whatever_its_shape() -> None:
    """Shell, read, edit and MCP answers as the clients really give them."""
    patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-a", "+b"]}]

    assert output_text({"stdout": "out", "stderr": "err"}) == "out\nerr"
    assert output_text({"type": "text", "file": {"content": "body"}}) == "body"
    assert output_text({"structuredPatch": patch}) == "@@ -1,1 +1,1 @@\n-a\n+b"
    assert output_text([{"type": "text", "text": "one"}, {"text": "two"}]) == "one\ntwo"


def test_long_output_keeps_its_beginning_and_its_end() -> None:
    """Errors stand at the end."""
    text = clipped("first" + "x" * 3 * OUTPUT_CHARS + "last")

    assert text.startswith("first")
    assert text.endswith("last")
    assert len(text) < OUTPUT_CHARS + 60
