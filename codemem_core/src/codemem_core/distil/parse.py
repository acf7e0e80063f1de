"""An observer's reply becomes observations and a summary.

The reply is untrusted text. Nothing it says can raise, every field has a limit, and every piece
that is left out is counted under its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from codemem_core.distil.kinds import nearest_kind
from codemem_core.distil.low_signal import first_sentence, is_low_signal, is_trivial
from codemem_core.distil.reasoning import without_reasoning
from codemem_core.distil.reply import SECTIONS, Block, Blocks
from codemem_core.distil.reply_json import read_json
from codemem_core.distil.reply_xml import read_xml
from codemem_core.distil.sanitize import plain
from codemem_core.records.memory import Observation, Summary

MAX_REPLY = 2_000_000
"""Characters of a reply that are looked at; 4,000 tokens are about 16,000."""
MAX_OBSERVATIONS = 50
_LIMITS = {"title": 300, "subtitle": 500, "narrative": 8_000}
_SECTION_LIMIT = 4_000
_ENTRY_LIMIT = 1_000
_ENTRIES = 50
_CITATIONS = 500
_TITLE_CHARS = 120
_SHORT_REPLY = 300
_NOTHING = re.compile(
    r"\b(?:no|nothing|none)\b.{0,60}\b(?:observations?|record|remember|memor|worth|noteworthy)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*(?:```\w*\s*)?(?=[{\[])")
_ID = re.compile(r"\b\d{1,12}\b")
_CITED = re.compile(r"(\d{1,9})(?:\s*(?:-|\u2013|\.\.)\s*(\d{1,9}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What is worth keeping of a reply, and what was left out."""

    observations: tuple[Observation, ...] = ()
    summary: Summary | None = None
    request_original: str = ""
    """The request as the observer gave it, when it was trivial and another text took its place."""
    skip_reason: str = ""
    """Why the observer left the summary out, in its own words."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many pieces were left out, by reason."""
    understood: bool = False
    """Whether the reply had any block of the documented form; if not, the observer failed."""


def parse_reply(text: str) -> Extraction:
    """Return what a reply says, in the documented XML or the same as JSON; never raises."""
    dropped: Counter[str] = Counter()
    blocks = _read(_cut(text, MAX_REPLY, dropped))
    if not blocks:
        if _says_nothing(text):
            return Extraction(skip_reason=text.strip(), understood=True)
        dropped["unreadable"] += 1
        return Extraction(dropped=dict(+dropped))
    observations = _observations(blocks.observations, dropped)
    skip_reason = _cut(plain(next(filter(None, blocks.skips), "")).strip(), _ENTRY_LIMIT, dropped)
    summary, request_original = _summary(blocks.summaries, skip_reason, dropped)
    return Extraction(
        observations=observations,
        summary=summary,
        request_original=request_original,
        skip_reason=skip_reason,
        dropped=dict(+dropped),
        understood=bool(observations or summary or blocks.skips or blocks.nothing)
        or dropped["low_signal"] > 0,
    )


def _read(text: str) -> Blocks:
    text = without_reasoning(text)
    if _FENCE.match(text):
        return read_json(text) or read_xml(text)
    return read_xml(text) or read_json(text)


def _says_nothing(text: str) -> bool:
    """Say whether a short reply in prose means that there is nothing to remember."""
    answer = without_reasoning(text).strip()
    return len(answer) <= _SHORT_REPLY and _NOTHING.search(answer) is not None


def _observations(blocks: list[Block], dropped: Counter[str]) -> tuple[Observation, ...]:
    kept: dict[tuple[str, str], Observation] = {}
    for block in blocks:
        observation = _observation(block, dropped)
        if observation is None:
            continue
        key = (observation.title, observation.narrative)
        if key in kept:
            dropped["duplicate"] += 1
        elif len(kept) == MAX_OBSERVATIONS:
            dropped["too_many"] += 1
        else:
            kept[key] = observation
    return tuple(kept.values())


def _observation(block: Block, dropped: Counter[str]) -> Observation | None:
    """Return the block as an observation, or None and its reason counted.

    One that says anything is kept: what is missing is taken from what is there.
    """
    subtitle = " ".join(_text(block, "subtitle", dropped).split())
    facts = _entries(block, "facts", dropped)
    title = " ".join(_text(block, "title", dropped).split())
    narrative = _text(block, "narrative", dropped) or subtitle or "\n".join(facts) or title
    title = title or _title_of(narrative)
    if not title:
        dropped["blank"] += 1
        return None
    if is_low_signal(title) or is_low_signal(narrative):
        dropped["low_signal"] += 1
        return None
    return Observation(
        kind=nearest_kind(_text(block, "type", dropped)),
        title=title,
        narrative=narrative,
        subtitle=subtitle,
        facts=facts,
        concepts=_entries(block, "concepts", dropped),
        files_read=_entries(block, "files_read", dropped),
        files_modified=_entries(block, "files_modified", dropped),
        evidence=_citations(block, dropped),
        supersedes=_superseded(block),
    )


def _title_of(narrative: str) -> str:
    """Return the first sentence, cut between words when it is long."""
    sentence = " ".join(first_sentence(narrative).split())
    if len(sentence) <= _TITLE_CHARS:
        return sentence
    return sentence[:_TITLE_CHARS].rsplit(" ", 1)[0] + " …"


def _summary(
    blocks: list[Block], skip_reason: str, dropped: Counter[str]
) -> tuple[Summary | None, str]:
    """Return the last summary that says anything and, if it was replaced, its own request."""
    if skip_reason:
        dropped.update(summary_skipped=len(blocks))
        return None, ""
    summary, original = None, ""
    for block in blocks:
        sections = {name: _section(block, name, dropped) for name in SECTIONS}
        request = sections["request"]
        if is_trivial(request):
            sections["request"] = _stand_in(sections)
        if not any(sections.values()):
            dropped["blank"] += 1
            continue
        dropped.update(earlier_summary=1 if summary else 0)
        original = request if is_trivial(request) else ""
        summary = Summary(
            **sections,
            files_read=_entries(block, "files_read", dropped),
            files_modified=_entries(block, "files_modified", dropped),
            evidence=_citations(block, dropped),
        )
    return summary, original


def _section(block: Block, name: str, dropped: Counter[str]) -> str:
    text = _text(block, name, dropped)
    if text and is_low_signal(text):
        dropped["low_signal"] += 1
        return ""
    return text


def _stand_in(sections: Mapping[str, str]) -> str:
    """Return a sentence that says what a trivial request was about."""
    names = ("completed", "learned", "investigated", "next_steps", "notes")
    return next((first_sentence(sections[name]) for name in names if sections[name]), "")


def _text(block: Block, name: str, dropped: Counter[str]) -> str:
    text = plain(" ".join(block.get(name, ()))).strip()
    return _cut(text, _LIMITS.get(name, _SECTION_LIMIT), dropped)


def _entries(block: Block, name: str, dropped: Counter[str]) -> tuple[str, ...]:
    texts = (_cut(plain(text).strip(), _ENTRY_LIMIT, dropped) for text in block.get(name, ()))
    kept = tuple(dict.fromkeys(text for text in texts if text))
    dropped.update(too_many=max(0, len(kept) - _ENTRIES))
    return kept[:_ENTRIES]


def _superseded(block: Block) -> tuple[int, ...]:
    """Return the ids of the memories that an observation says no longer hold."""
    numbers = _ID.findall(" ".join(block.get("supersedes", ())))
    return tuple(dict.fromkeys(map(int, numbers)))[:_ENTRIES]


def _citations(block: Block, dropped: Counter[str]) -> tuple[int, ...]:
    """Return the cited sequence numbers; none, which means everything, when in doubt.

    A citation decides how far a memory is trusted, so half a list would trust it too far.
    """
    cited: set[int] = set()
    for first, last in _CITED.findall(" ".join(block.get("evidence", ()))):
        low, high = int(first), int(last or first)
        if not 0 <= high - low < _CITATIONS or len(cited) > _CITATIONS:
            dropped["citation"] += 1
            return ()
        cited.update(range(low, high + 1))
    return tuple(sorted(cited))


def _cut(text: str, limit: int, dropped: Counter[str]) -> str:
    if len(text) <= limit:
        return text
    dropped["too_long"] += 1
    return text[:limit].rstrip()
