"""Questions about how things are done here, which the user's rules answer.

"Which package manager do we use?" shares no word with "Always pnpm, never npm". So a question of
this form that nothing else answers gets the rules of the project, when they are few.

On the hook path: `re` beside modules that are on it.
"""

from __future__ import annotations

import re

from codemem_core.retrieval.search import newest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

    from codemem_core.retrieval.hit import Hit

_FEW = 3
"""Rules that are told at most."""
_LONGEST = 160
"""Characters; who asks how things are done is brief."""
_QUESTIONS = re.compile(
    r"(?ix)"
    r"\b(?:what|which|how|where)\b[^.!?]*\b(?:do\swe|(?:should|must)\s(?:we|i))\b"
    r"|\b(?:what|which)\b[^.!?]*\b(?:are|is)\sour\b"
    r"|\b(?:was|welche[rsnm]?|wie|womit|wo)\b[^.!?]*\b(?:wir|unser\w*|man)\b"
    r"|\b(?:qu[eé]|cu[aá]l(?:es)?|c[oó]mo|d[oó]nde)\b[^.!?]*\b(?:\w+[aei]mos|nuestr\w+)\b"
    r"|\b(?:quel(?:le)?s?|que|comment|o[uù])\b[^.!?]*\b(?:nous|notre|nos|on)\b"
    r"|\b(?:quale|quali|che|cosa|come|dove)\b[^.!?]*\b(?:\w+iamo|nostr\w+)\b"
    r"|\b(?:qual|quais|que|como|onde)\b[^.!?]*\b(?:\w+[aei]mos|noss\w+)\b"
    r"|\b(?:welke?|wat|hoe|waar)\b[^.!?]*\b(?:we|wij|ons|onze)\b"
    r"|\b(?:как\w*|чем|где|что)\b[^.!?]*\b(?:мы|нас|наш\w*)\b"
    r"|(?:我们|咱们)[^。！？]*(?:什么|哪|怎么|如何|几)|(?:什么|哪|怎么|如何)[^。！？]*(?:我们|咱们)"  # noqa: RUF001
    r"|(?:どの|どれ|何|なに|どう)[^。！？]*(?:使|書|ます|いい)"  # noqa: RUF001
    r"|(?:어떤|무엇|뭘|어떻게|무슨)[^.!?]*(?:우리|쓰|사용|하나|합니까)|우리[^.!?]*(?:어떤|무엇|뭘|어떻게|무슨)"
)


def rules_asked_for(db: apsw.Connection, prompt: str, *, project: str | None) -> list[Hit]:
    """Return the rules of a project when a prompt asks how things are done; they must be few."""
    if len(prompt) > _LONGEST or not _QUESTIONS.search(prompt):
        return []
    rules = newest(db, limit=_FEW + 1, project=project, kind="preference", trusted=True)
    return rules if len(rules) <= _FEW else []
