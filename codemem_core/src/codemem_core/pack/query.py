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
_RECAP = re.compile(
    r"""\b(?:
        where \s (?:were|was|are|did) \s (?:we|i) (?: \s leave \s off)?
      | what (?:'s|\s is|s) \s (?:next|left|pending|remaining)
      | what \s (?:did|have|were) \s (?:we|i) \s (?:do|done|doing|work|working|decide|decided)
      | what \s (?:happened|was \s done)
      | (?:pick|carry|continue) \s (?:up \s|on \s)? (?:from \s)? where \s (?:we|i) \s left \s off
      | catch \s me \s up | bring \s me \s up \s to \s (?:date|speed)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ORDER = re.compile(
    r"(?:please\s+|ok(?:ay)?,?\s+|so,?\s+)*(?:recap|summari[sz]e|remind me|resume|continue|go on)\b",
    re.IGNORECASE,
)
# An order such as "continue" asks for a recap only when hardly anything follows it.
_ORDER_WORDS = 6


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
    context = " ".join(context.replace("\u2019", "'").split())
    if _RECAP.search(context):
        return True
    return bool(_ORDER.match(context)) and len(context.split()) <= _ORDER_WORDS
