"""What a sentence is good for, told by its words."""

from __future__ import annotations

import re

_CODE_SPAN = re.compile(r"`[^`\n]+`")


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.IGNORECASE)


def _opening(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:{'|'.join(alternatives)})", re.IGNORECASE)


CAUSE = _words(
    r"because",
    r"caused? by",
    r"root cause",
    r"due to",
    r"turns? out",
    r"the (?:real |actual |underlying )?(?:issue|problem|bug|reason|culprit|cause) (?:is|was)",
    r"since (?:the|it|we)",
    r"as a result",
    r"which (?:meant|means|caused|made|broke)",
    r"that'?s why",
    r"was (?:missing|never|not|hard-?coded)",
    r"(?:fails?|failed|breaks?|broke) (?:when|because|if|with|as)",
    r"so that",
)
DECISION = _words(
    r"instead of",
    r"rather than",
    r"decided|decision|chose|chosen|opted|preferred?",
    r"deliberately|intentionally|by design|on purpose",
    r"trade-?offs?",
    r"out of scope|deferred",
    r"keep(?:s|ing)? .{3,60} (?:as is|unchanged)",
    r"remains? unchanged",
    r"reuses?",
    r"in favou?r of",
)
CHOICE = _words(
    r"decided|decision|chose|chosen|opted|prefer(?:red)?|agreed?|keeping|kept",
    r"deliberately|intentionally(?!-)|by design|on purpose",
    r"trade-?offs?",
    r"out of scope|deferred",
    r"(?:I|we)\b.{0,80}\b(?:instead of|rather than)",
)
"""Stricter than `DECISION`: somebody chose; not just a contrast."""
RULE = _words(
    r"must|needs? to|requires?|required|expects?|depends? on",
    r"only (?:when|if|for|after|once|on)",
    r"never|always|cannot|can'?t|won'?t|does(?:n'?t| not)",
    r"already|by default",
    r"careful|beware|note that|important",
    r"mirrors?|in sync|hard-?coded|lives? in",
    r"not supported|incompatible",
)
VERIFIED = re.compile(
    r"\b(?:tests? (?:now )?pass|passing|all pass|verified|confirmed|checks pass|green|"
    r"lint(?:ing)? (?:is )?(?:clean|pass)|type[- ]?check|no (?:lint )?(?:errors|issues|"
    r"regressions))",
    re.IGNORECASE,
)
NEXT = _words(
    r"next steps?|follow[- ]?ups?|todo|unresolved",
    r"remaining (?:work|items?|tasks?|steps?)",
    r"still (?:needs?|missing|to do|open|fails?)",
    r"not (?:yet|been) \w+ed",
    r"not (?:committed|pushed|included|addressed)",
    r"(?:should|needs?) to be done",
    r"left (?:as is|unstaged|open)",
    r"remains? (?:unstaged|open|uncommitted|to be)",
)
VAGUE = _words(
    r"changes?|files?|tasks?|steps?|key|following|summary|part \d|what|notes?|details?|here",
    r"overview|implementation|results?|updates?|fix(?:es)?|actions?|modified|new|added|done",
)
"""Labels that do not tell what a list is about."""

_OFFER = _words(
    r"let me know|would you like|do you want|want me to|shall I|should I|feel free|happy to",
    r"ready (?:to|for)|if you(?:'d| would) like|I can also",
)
_NICETIES = (
    r"perfect|great|done|excellent|good|ok(?:ay)?|understood|sure|all done|all set|got it"
    r"|you'?re right|absolutely"
)
_NOISE = _opening(
    rf"(?:{_NICETIES})\W*$",
    r"(?:here'?s|here is|here are|below is)\b",
    r"summary\W*$",
    r"(?:i'?ll|i will|i'?m going to|i(?:'?m| am) about to|let me|let'?s)\b",
    r"i'?m (?:now |also |just )*\w+ing\b",
    r"i (?:still |also |just )?(?:need|want|have) to\b",
    r"i (?:also )?see\b|next,? i\b|now (?:let|i'?ll|i will|i need)",
    r"both are\b|i found\b.{0,30}$",
    r"all (?:the |of the )?(?:changes|tasks|edits|steps|checks|files)\b.{0,40}$",
    r"(?:everything|it all) (?:passes|works|is)\b.{0,30}$",
)
_PLEASED = re.compile(rf"^(?:(?:{_NICETIES})[.!,:]*\s+(?:[-—\u2013]\s*)?)+", re.IGNORECASE)
_I_HAVE = _opening(
    r"(?:i|we)(?:'ve| have) (?:now |also |successfully )*(?=[a-z]+(?:ed|t|n|de)\b)",
)


def explains(text: str) -> bool:
    """Say whether a sentence gives a cause, a rule or a decision."""
    return any(words.search(text) for words in (CAUSE, RULE, DECISION))


def says_something(text: str) -> bool:
    """Say whether a sentence carries content: no greeting, no announcement, no offer."""
    words = _CODE_SPAN.sub("", text)
    if len(text) < 12 or len(words) < 6 or text.endswith((":", "?")):
        return False
    return not _NOISE.match(text) and not _OFFER.search(text)


def without_pleasantry(text: str) -> str:
    """Return the sentence without `Done!`, `I've successfully` and the like in front."""
    rest = _I_HAVE.sub("", _PLEASED.sub("", text))
    return rest[:1].upper() + rest[1:] if rest and rest != text else text
