"""What is not worth remembering: phrases that say nothing, requests that ask nothing."""

from __future__ import annotations

import re

_THING = r"(?:new )?(?:code|config(?:uration)?|doc(?:umentation|s)?|files?)"
_THINGS = rf"{_THING}(?:(?:,? (?:and|or) |, |/){_THING}){{0,3}}"
_DONE = r"(?:made|recorded|modified|changed|written|shipped|delivered|produced|created)"
_PHRASES = "|".join(
    (
        rf"no {_THINGS}(?: changes?)?(?: (?:was|were|is|are|has been|have been))? {_DONE}",
        rf"no {_THINGS} changes?",
        r"no changes?(?: (?:was|were|have been))? (?:made|recorded)",
        rf"no (?:new )?deliverables?(?: (?:was|were) {_DONE})?",
        r"no definitive (?:rewrite|feature delivery|rewrite or feature delivery)(?: occurred)?",
        r"no fully resolved deliverables?",
        r"only file inspection occurred",
        r"only produced an understanding(?: of .+)?",
        r"(?:(?:the|this) (?:session|work) )?consisted entirely of capturing(?: .+)?",
        r"(?:the )?effort focused on clarifying(?: .+)?",
        r"(?:the )?user request details (?:are |were )?absent",
    )
)
_LOW = re.compile(_PHRASES)
# A longer sentence says something besides the phrase; the limit also bounds the match.
_LONGEST = 200
_LEADING = re.compile(r"^[\s>$#*•-]+", re.MULTILINE)
_SENTENCES = re.compile(r"[.!?;]\s+|\n+")

_TRIVIAL = re.compile(
    r"(?:y(?:es)?|ok(?:ay)?|approved?|lgtm|sure|proceed|go ahead|continue|ship it|thanks|thank you"
    r"|(?:looks|sounds) good)?"
)


def is_low_signal(text: str) -> bool:
    """Say whether every sentence of the text is a phrase that says nothing."""
    bare = _LEADING.sub("", text)
    return all(_says_nothing(sentence) for sentence in _SENTENCES.split(bare))


def is_trivial(request: str) -> bool:
    """Say whether a request only agrees: `ok`, `go ahead`, nothing at all."""
    words = " ".join(request.strip().strip("\"'`").split()).lower().rstrip(".!")
    return _TRIVIAL.fullmatch(words) is not None


def first_sentence(text: str) -> str:
    """Return the first sentence of the text, without its list marker."""
    return _SENTENCES.split(_LEADING.sub("", text).strip())[0].strip()


def _says_nothing(sentence: str) -> bool:
    words = " ".join(sentence.split()).lower().strip(" .!")
    return not words or (len(words) <= _LONGEST and _LOW.fullmatch(words) is not None)
