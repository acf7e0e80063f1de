"""The real Claude Code with the plugin installed, offline against a scripted model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codemem_core.store import events

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
HOOKS = {
    "SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop", "SessionEnd",
}  # fmt: skip


def turn(says: str, tool: str = "", **arguments: Any) -> Any:
    from story import Turn

    return Turn(says=says, tool=tool, arguments=arguments)


FIRST = "The VAT of invoice INV-7 is wrong, please find out why"
FIX = [
    turn("Let me run the check.", "Bash", command="echo 'AssertionError: 10.32 != 10.26'; exit 1"),
    turn("The cause: Invoice.vat adds rounded lines.", "Write",
         file_path="vat.py", content="def vat(lines):\n    return round(sum(lines), 2)\n"),
    turn("Now it is rounded once.", "Bash", command="echo '5 passed in 0.12s'"),
    turn("Fixed. The cause: `Invoice.vat` added up lines that were rounded already. I decided to"
         " round once per VAT rate, because the export checks each rate by itself."),
]  # fmt: skip
SECOND = "A customer says the VAT on invoice INV-9 does not add up"


def install(lab: Any, source: str) -> None:
    """Install the plugin from a marketplace."""
    lab.claude("plugin", "marketplace", "add", source)
    lab.claude("plugin", "install", "codemem@codemem-marketplace")


def test_plugin_and_marketplace_are_valid(lab: Any) -> None:
    """Claude Code's own check finds nothing wrong."""
    for folder in (ROOT, ROOT / "codemem_claude/src/codemem_claude/claude_plugin"):
        assert "Validation passed" in lab.claude("plugin", "validate", str(folder))


def test_what_one_session_learnt_the_next_one_is_told(lab: Any, marketplace: str) -> None:
    """From a git marketplace: six hooks, memories, and their text in the next model request."""
    install(lab, marketplace)
    repo = lab.project("invoicing")
    lab.model.scripts = {
        FIRST: FIX,
        SECOND: [
            turn("I look it up.", "mcp__plugin_codemem_codemem__memory_search", query="VAT rate"),
            turn("It is the rounding."),
        ],
    }

    lab.session(repo, FIRST)
    memories = lab.wait_for_memories()
    answer = lab.session(repo, SECOND)

    assert {hook for _, hook, _ in lab.stored()} >= HOOKS
    assert len({stream for stream, _, _ in lab.stored()}) == 2
    assert any("round once per VAT rate" in memory for memory in memories)
    assert answer == "It is the rounding."
    asked = lab.model.asked(SECOND)
    assert "<codemem-memory-" in asked
    assert "round once per VAT rate" in asked.partition("tool_result")[0]
    assert "round once per VAT rate" in asked.partition("tool_result")[2]
