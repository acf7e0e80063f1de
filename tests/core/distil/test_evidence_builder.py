"""From events to evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codemem_core.distil.evidence_builder import OUTPUT_CHARS, clipped, collect
from codemem_core.records.evidence import Boundary, Message, Prompt, ToolCall
from tests.conftest import EventMaker


def test_prompts_tools_and_answers_come_in_the_order_they_happened(
    make_event: EventMaker,
) -> None:
    """Hooks of parallel tools arrive in any order; their times decide."""
    prompt = make_event(text="why")
    tool = make_event("tool_result", tool_name="Read", status="ok", tool_output="text")
    answer = make_event("assistant", text="because", usage={"input_tokens": 3})

    evidence = collect([answer, tool, prompt])

    assert [type(item) for item in evidence.items] == [Prompt, ToolCall, Message]


@pytest.mark.parametrize("kind", ["memory", "plan"])
def test_codemems_own_tools_and_to_do_lists_are_no_evidence(
    make_event: EventMaker, kind: str
) -> None:
    """What codemem answered is not learnt again."""
    event = make_event("tool_result", tool_name="x", kind=kind, status="ok", tool_output="x")

    assert collect([make_event(), event]).items[1:] == ()


def test_a_tool_calls_fields_are_those_its_source_filled_in(make_event: EventMaker) -> None:
    """Nobody else reads the host's own arguments."""
    event = make_event(
        "tool_result",
        tool_name="Shell",
        kind="run",
        status="error",
        command="make",
        exit_code=2,
        tool_output="out",
        error="Error 2",
        interrupted=True,
        tool_input={"command": "ignored"},
    )

    (call,) = collect([event]).tools()

    assert (call.kind, call.name, call.command, call.exit_code) == ("run", "Shell", "make", 2)
    assert (call.output, call.error, call.interrupted) == ("out", "Error 2", True)
    assert not call.succeeded


def test_answers_follow_the_call_that_asked(make_event: EventMaker) -> None:
    """What the user chose is the user's word."""
    answers = [{"question": "Which?", "text": "pnpm"}]
    event = make_event("tool_result", tool_name="Ask", kind="ask", status="ok", answers=answers)

    (answer,) = collect([event]).answers()

    assert (answer.question, answer.text) == ("Which?", "pnpm")


def test_boundaries_say_how_a_turn_or_session_began_or_ended(make_event: EventMaker) -> None:
    """An interrupted turn is told from one that ended."""
    events = [
        make_event("session_start", source="startup"),
        make_event("error", message="[Request interrupted by user]", interrupted=True),
        make_event("session_start", source="compact", text="Summary."),
        make_event("session_end", reason="other"),
    ]

    found = [item for item in collect(events).items if isinstance(item, Boundary)]

    assert [(item.kind, item.interrupted) for item in found] == [
        ("start", False),
        ("stop", True),
        ("compact", False),
        ("end", False),
    ]


def test_final_messages_are_inferred_where_the_host_names_none(make_event: EventMaker) -> None:
    """A message that a tool call follows was written on the way."""
    tool = {"tool_name": "Read", "kind": "read", "status": "ok"}
    events = [
        make_event("assistant", text="Let me look."),
        make_event("tool_result", **tool),
        make_event("assistant", text="Done."),
    ]

    assert [message.final for message in collect(events).messages()] == [False, True]


def test_a_tool_use_told_twice_is_one(make_event: EventMaker) -> None:
    """By its hook, which waited in the spool, and by the transcript; other uses of it stay."""
    uses = []
    for use in ("t1", "t1", "t2"):
        event = make_event("tool_result", tool_name="Bash", status="ok")
        assert event.adapter
        uses.append(replace(event, adapter=replace(event.adapter, meta={"tool_use_id": use})))

    assert len(list(collect([make_event(), *uses]).tools())) == 2


def test_a_failed_tool_has_an_error_even_without_a_text(make_event: EventMaker) -> None:
    """The status alone says that it failed."""
    (tool,) = collect([make_event("tool_result", tool_name="Bash", status="error")]).tools()

    assert tool.error == "failed"


def test_long_output_keeps_its_beginning_and_its_end() -> None:
    """Errors stand at the end."""
    text = clipped("first" + "x" * 3 * OUTPUT_CHARS + "last")

    assert text.startswith("first")
    assert text.endswith("last")
    assert len(text) < OUTPUT_CHARS + 60
