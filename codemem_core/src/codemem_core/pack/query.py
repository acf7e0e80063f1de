"""What to ask the memory for a prompt, and what kind of answer it wants.

On the hook path: `os` and `re` only.
"""

from __future__ import annotations

import os
import re

from codemem_core.store.words import query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 500
"""Characters of a prompt that are looked at: people say first what they want."""
_FILES = 5
# A prompt of fewer telling words ("fix it", "now the tests") leans on what the session is about.
_TELLING = 3

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


def injection_query(first_prompt: str, prompt: str, recent_files: Sequence[str]) -> tuple[str, str]:
    """Return what to ask the memory for a prompt, and what the work is about beside it.

    Asked is the prompt alone; one of hardly any words is asked together with the session's first
    prompt. Beside it stand that first prompt and the names of the last 5 files changed (newest
    last in `recent_files`).
    """
    first, asked = (" ".join(text.split())[:MAX_CHARS] for text in (first_prompt, prompt))
    names = [os.path.basename(path.replace("\\", "/")) for path in recent_files[-_FILES:]]
    if first != asked and len(query_terms(asked)) < _TELLING:
        asked = f"{first} {asked}".strip()
    return asked or "recent work", " ".join(filter(None, [first, *names]))


def is_recap(context: str) -> bool:
    """Say whether somebody asks where the work stands: "where were we", "what's next"."""
    words = re.findall(r"\w+", context.lower())
    text = f" {' '.join(words)} "
    phrase = next((phrase for phrase in _RECAP if f" {phrase} " in text), None)
    if phrase is not None:
        # "what happened to the billing export in May?" is a question like others.
        return len(query_terms(text.replace(f" {phrase} ", " . "))) < _TELLING
    asked = [word for word in words if word not in _COURTESY]
    return 0 < len(asked) <= _ORDER_WORDS and asked[0] in _ORDERS
