"""What to ask the memory for a prompt.

On the hook path: `os` only.
"""

from __future__ import annotations

import os

from codemem_core.pack.recap import recap_topic
from codemem_core.store.words import leans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 500
"""Characters of a prompt that are looked at: people say first what they want."""
_FILES = 5


def injection_query(first_prompt: str, prompt: str, recent_files: Sequence[str]) -> tuple[str, str]:
    """Return what to ask the memory for a prompt, and what the work is about beside it.

    Asked is the prompt alone. Beside it stand the session's first prompt and the names of the last
    5 files changed (newest last in `recent_files`): a search weighs them less, and more when the
    prompt says hardly anything.
    """
    first, asked = (" ".join(text.split())[:MAX_CHARS] for text in (first_prompt, prompt))
    names = [os.path.basename(path.replace("\\", "/")) for path in recent_files[-_FILES:]]
    beside = [first if first != asked else "", *names]
    return asked or "recent work", " ".join(filter(None, beside))


def meant(context: str, around: str) -> str:
    """Return what an embedder should be asked: it knows no weights, so one text has to do.

    Empty when somebody asks where the work stands, and not of what.
    """
    topic = recap_topic(context, begun=bool(around))
    if topic is not None:
        return topic
    return f"{around} {context}".strip() if leans(context) else context
