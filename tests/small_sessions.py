"""Small sessions made by hand, for the observer without a model."""

from __future__ import annotations

import json
from typing import Any

from codemem_core.config.settings import Settings
from codemem_core.diffs import replaced
from codemem_core.records.evidence import Evidence, EvidenceItem, Message, Prompt, ToolCall
from codemem_core.records.protocols import ObserveRequest
from codemem_observers.extractive import Extractive
from codemem_observers.extractive.outcomes import Withdrawn, judge
from codemem_observers.extractive.turns import Turn, read_turns

FAILED = "FAILED tests/test_cart.py::test_total - assert 11 == 10\n1 failed, 4 passed in 0.12s"
PASSED = "5 passed in 0.10s"


def asked(text: str) -> Prompt:
    """Make a prompt."""
    return Prompt(text=text)


def said(text: str) -> Message:
    """Make a message that ends a turn."""
    return Message(text=text, final=True)


def between(text: str) -> Message:
    """Make a message between two tools."""
    return Message(text=text)


def ran(command: str, output: str = "", *, error: str | None = None, **more: Any) -> ToolCall:
    """Make a shell command that ran."""
    return ToolCall(kind="run", name="Bash", command=command, output=output, error=error, **more)


def edited(path: str, old: str, new: str, **more: Any) -> ToolCall:
    """Make an edit of one place in the project's folder."""
    whole = f"/w/shop/{path}"
    diff = replaced(whole, [(old, new)])
    return ToolCall(kind="edit", name="Edit", files_changed=(whole,), output=diff, **more)


def committed(subject: str, hash_: str = "1a2b3c4", *, body: str = "") -> ToolCall:
    """Make a commit as agents make them, with a heredoc."""
    message = f"{subject}\n\n{body}".strip()
    command = f"git commit -m \"$(cat <<'EOF'\n{message}\nEOF\n)\""
    return ran(command, f"[main {hash_}] {subject}\n 1 file changed")


def evidence_of(*items: EvidenceItem) -> Evidence:
    """Return the items as a stretch of a session, numbered in order."""
    numbered = tuple(_numbered(item, seq) for seq, item in enumerate(items))
    return Evidence(source="claude", stream_id="s1", project="shop", cwd="/w/shop", items=numbered)


def turns_of(*items: EvidenceItem) -> list[Turn]:
    """Return the turns of these items, judged."""
    return judged(*items)[0]


def judged(*items: EvidenceItem) -> tuple[list[Turn], Withdrawn]:
    """Return the turns of these items and what was taken back in them."""
    turns = read_turns(evidence_of(*items))
    return turns, judge(turns)


def reply_to(*items: EvidenceItem) -> str:
    """Return the observer's reply to these items."""
    request = ObserveRequest(evidence=evidence_of(*items), instructions="", prompt="")
    return Extractive(Settings.load({})).observe(request).text


def observed(*items: EvidenceItem) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the observations and the summary of these items."""
    reply = json.loads(reply_to(*items))
    return reply["observations"], reply["summary"] or {}


def titles_of(*items: EvidenceItem) -> list[str]:
    """Return the titles of what is observed, without the project card."""
    observations, _ = observed(*items)
    return [one["title"] for one in observations if "project-card" not in one["concepts"]]


def _numbered(item: EvidenceItem, seq: int) -> EvidenceItem:
    fields = {name: getattr(item, name) for name in item.__dataclass_fields__}
    return type(item)(**{**fields, "seq": seq})
