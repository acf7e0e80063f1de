"""What to ask the memory for a prompt, and what kind of answer it wants.

On the hook path: `os` and `re` only.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 500
# A long first prompt must not push out the one that is being asked.
_FIRST_CHARS = 200
_FILES = 5

# Whole phrases: "next" or "task" somewhere in a sentence asks for no recap.
_RECAP = frozenset(
    {
        *("where were we", "where was i", "where are we", "where did we leave off"),
        *("what s next", "what is next", "whats next", "what next", "what s left", "what is left"),
        *("what did we do", "what did we decide", "what did we work on", "what have we done"),
        *("what were we doing", "what were we working on", "what happened", "what was done"),
        *("where we left off", "where i left off", "catch me up", "bring me up to date"),
    }
)
# Orders that ask for one when hardly anything follows: "continue", "recap the last session".
_ORDERS = frozenset({"recap", "summarize", "summarise", "resume", "continue"})
_ORDER_WORDS = 6
_COURTESY = frozenset({"please", "ok", "okay", "so", "now", "hi", "hello", "and", "let", "us", "s"})


def injection_query(
    first_prompt: str, prompt: str, project: str | None, recent_files: Sequence[str]
) -> str:
    """Join what a session is about to a query of at most 500 characters.

    The session's first prompt, the current one if it differs and says more than `ok` or `go on`,
    the project and the names of the last 5 files changed (newest last in `recent_files`).
    """
    first, prompt = " ".join(first_prompt.split()), " ".join(prompt.split())
    parts = [first or prompt]
    if first and prompt != first and len(prompt) > 5:
        parts = [first[:_FIRST_CHARS], prompt]
    names = [os.path.basename(path.replace("\\", "/")) for path in recent_files[-_FILES:]]
    end = " ".join(filter(None, [project, *names]))
    text = " ".join(filter(None, parts))[: max(0, MAX_CHARS - 1 - len(end))]
    return f"{text} {end}".strip()[:MAX_CHARS] or "recent work"


def is_recap(context: str) -> bool:
    """Say whether somebody asks where the work stands: "where were we", "what's next"."""
    words = re.findall(r"\w+", context.lower())
    text = f" {' '.join(words)} "
    if any(f" {phrase} " in text for phrase in _RECAP):
        return True
    asked = [word for word in words if word not in _COURTESY]
    return 0 < len(asked) <= _ORDER_WORDS and asked[0] in _ORDERS
