"""The user's word: what a prompt says is to be done from now on.

No model is asked: a sentence is a rule by its grammar (`rule_reading`). Here a prompt becomes
sentences, without what was pasted into it, and those that only make sense together stay together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codemem_core.distil.rule_reading import STOPS, TOKEN, Reading

MAX_RULES = 8
"""Rules of one prompt: who pastes a style guide did not say each of its lines."""
_LOOKED_AT = 1_600
"""Characters at the start, and at the end, of a prompt that are read: people write there."""


@dataclass(frozen=True, slots=True)
class StatedRule:
    """One standing instruction, preference or fact, as the user put it."""

    text: str
    """Whole sentences."""
    everywhere: bool
    """Whether it is meant for every project of the user."""


def rules_in(prompt: str) -> list[StatedRule]:
    """Return the rules that a prompt states, in its order; takes time linear in its length."""
    readings = [Reading(part) for part in _sentences(_own_words(prompt))]
    has_task = any(one.is_task for one in readings)
    return list(dict.fromkeys(_rules(readings, has_task=has_task)))[:MAX_RULES]


# --- what the user wrote, without what was pasted ------------------------------------------------

_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
"""What stands below a heading is a plan, a ticket or a page: text that was written elsewhere."""
_DUMPED = re.compile(
    r"\s*(?:>|\||\+{3}|-{3}|@@|\$ |#!|<[/\w!-]+[^<>]*>|at \S+ ?\(|File \"|Traceback|"
    r"[\[(]?\d{1,4}[-/:.]\d\d[-/:.]\d\d|\[\d\d|(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)\b|"
    r"[\]})]|\S+ [=:]{1,2} |import |from \S+ import )"
)
"""Starts of lines that are quotes, logs, tracebacks, diffs, tables, tags or code."""
_END = re.compile(
    r"(?<=[.!?…])[\"')\]”»]*\s+(?=[^a-z\s])|(?<=[.!?])\s+(?=please\b)|(?<=[\u3002\uff01\uff1f])|\n+"
)
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|z\.B|d\.h|bzw|p\.ej)\.$", re.IGNORECASE)
_LISTED = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)])\s+")


def _own_words(prompt: str) -> str:
    text = _HEADING.split("\n".join(_FENCE.split(prompt)[::2]), maxsplit=1)[0]
    if len(text) > 2 * _LOOKED_AT:
        head, tail = text[:_LOOKED_AT].rpartition("\n")[0], text[-_LOOKED_AT:].partition("\n")[2]
        text = f"{head}\n\n{tail}"
    return "\n".join("" if _DUMPED.match(line) else line for line in text.split("\n"))


def _sentences(text: str) -> Iterator[str]:
    held = ""
    for part in _END.split(text):
        sentence = _LISTED.sub("", f"{held} {part}" if held else part).strip()
        held = sentence if _ABBREVIATED.search(sentence) else ""
        if sentence and not held:
            yield sentence
    if held:
        yield held


# --- sentences that belong together ---------------------------------------------------------------

_HEADER = re.compile(
    r"^[^:\n]{0,60}\b(?:rules|conventions|things|points|notes|preferences|wishes|regeln|dinge|punkte"
    r"|hinweise|reglas|normas|cosas|règles|choses|regras|coisas|regole|cose|regels|dingen"
    r"|правила|вещи|правил)\b[^:\n]{0,40}:\s*(?=\S)",
    re.IGNORECASE,
)
"""Announces several rules in one sentence: "Two rules for this repo: …"."""
_SEMICOLON = re.compile("[;\uff1b]\\s*")
_AND = re.compile(r",\s+(?:and|und|y|et|e|en|и)\s+(?=\S+\s+\S+)")
_MARKER_WORDS = 2
_MARKER_LETTERS = 4


def _rules(readings: Sequence[Reading], *, has_task: bool) -> Iterator[StatedRule]:
    rest = list(reversed(readings))
    while rest:
        one = rest.pop()
        following = rest[-1] if rest else None
        if header := _announces_several(one):
            yield from (StatedRule(part, one.has("everywhere")) for part in _listed(one, header))
        elif following is not None and _only_announces(one):
            yield StatedRule(f"{one.text} {following.text}", following.has("everywhere"))
            rest.pop()
        elif not (one.is_rule or (one.may_be_rule and not has_task)):
            continue
        elif following is not None and _goes_on(one, following):
            yield StatedRule(f"{one.text} {following.text}", one.has("everywhere"))
            rest.pop()
        else:
            yield from (StatedRule(part, one.has("everywhere")) for part in _clauses(one))


def _announces_several(one: Reading) -> re.Match[str] | None:
    return None if one.is_question else _HEADER.match(one.text)


def _listed(one: Reading, header: re.Match[str]) -> list[str]:
    rest = one.text[header.end() :]
    parts = [part.strip() for part in _SEMICOLON.split(rest) if part.strip()]
    return parts if len(parts) > 1 else [part.strip() for part in _AND.split(rest)]


def _only_announces(one: Reading) -> bool:
    """Say whether it only announces what follows: "Remember this.", "覚えておいてください。"."""
    found = one.grammar.phrases["remember"].match(one.core)
    if found is None or one.is_question:
        return False
    words = TOKEN.findall(one.core[found.end() :].strip(STOPS))
    if one.grammar.is_spaced:
        return len(words) <= _MARKER_WORDS
    return sum(map(len, words)) <= _MARKER_LETTERS


def _goes_on(one: Reading, following: Reading) -> bool:
    """Say whether the next sentence is the other half: what to do instead, or why."""
    if following.starts("reason") or following.core.startswith(("instead", "stattdessen")):
        return True
    if not (one.starts("correction") and one.has("dont") and following.is_order):
        return False
    verbs = one.grammar.orders
    return bool(verbs.intersection(one.words) & verbs.intersection(following.words))


def _clauses(one: Reading) -> list[str]:
    """Return the clauses of a sentence where each states a rule of its own, else the sentence.

    A negative clause opens what to do instead, and what is to be remembered goes to the end.
    """
    parts = [Reading(part) for part in map(str.strip, _SEMICOLON.split(one.text)) if part]
    if len(parts) < 2 or one.has("remember") or parts[0].is_negative:
        return [one.text]
    stand_alone = all(part.is_rule or part.may_be_rule for part in parts)
    return [part.text for part in parts] if stand_alone else [one.text]
