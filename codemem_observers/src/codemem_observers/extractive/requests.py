"""What the user asked, condensed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codemem_observers.extractive.lexicon import Lexicon
from codemem_observers.extractive.markdown import (
    MAX_PROSE,
    Statement,
    plain,
    sentences,
    statements,
)
from codemem_observers.extractive.phrasing import within
from codemem_observers.extractive.titles import shortened
from codemem_observers.extractive.weight import says_something

MAX_CORRECTION = 600
"""Characters; a longer prompt brings work of its own."""
MAX_REQUEST = 50
"""Words."""
_WRAPPED = re.compile(
    r"<(system-reminder|task-notification|local-command-[a-z]+|command-(?:message|contents)|"
    r"ide_[a-z_]+|bash-[a-z]+|"
    r"environment_context|environment_details|user_instructions|INSTRUCTIONS|codemem[\w:-]*|"
    r"private)\b[^>]*>"
    r".*?(?:</\1>|\Z)",
    re.DOTALL,
)
_COMMAND = re.compile(r"<command-name>\s*/?([^<]*?)\s*</command-name>")
_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_PLAN = re.compile(r"^\s*implement (?:the |this )?(?:following )?plan\b[^\n]*\n", re.IGNORECASE)
_HEADING = re.compile(r"^\s{0,3}#{1,3}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_LABEL = re.compile(
    r"^(?:implementation plan|plan|goal|task|summary|overview)\b\s*[:—\u2013-]\s*", re.IGNORECASE
)
_POLITE = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|now|then|also|and|please|pls|pelase|can you|could you|"
    r"would you|"
    r"will you|i want you to|i(?:'d| would) like you to|i need you to|let'?s|"
    r"help me(?: to)?)\b[,:!]?\s+)+",
    re.IGNORECASE,
)
# "commit", "commit and push", "yes", "go on": they add nothing to what was asked before.
_GO_AHEAD = re.compile(
    r"^(?:(?:ok(?:ay)?|yes|yep|yeah|y|sure|please|pls|pelase|now|and|then|great|thanks?|"
    r"thank you|perfect|good|nice|"
    r"looks good|lgtm|cool|go|go ahead|go on|continue|proceed|resume|do it|do so|try again|"
    r"retry|commit|push|"
    r"merge|ship it|amend|it|this|that|them|all|a|the|changes?|everything|directly|to|main|"
    r"master|remote|you|"
    r"can|with|pr|create|open)\b[\s.,!]*)+$",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"^(?:hi|hello|hey|thanks?|thank you|good (?:morning|evening)|test|ping|"
    r"how are you)\b[\s!.?\w]{0,20}$",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^(?:thanks|thank you|great|perfect|nice|good|ok(?:ay)?|cool)\b.{0,30}$", re.IGNORECASE
)
_TRANSCRIPT_HINT = re.compile(
    r"^If you need specific details from before exiting plan mode.*", re.M
)


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt as a reader wants to see it."""

    title: str
    """Its first sentence, shortened; empty when nothing was asked."""
    text: str
    """One or two sentences."""
    goes_on: bool = False
    """A bare `commit` or `go on`: part of what was asked before."""
    corrects: bool = False
    """It reads like a correction, if something was done before it."""
    is_plan: bool = False
    """A pasted plan: its title is its heading."""
    sentences: tuple[Statement, ...] = ()
    """What it says, sentence by sentence, unless it is a plan."""
    background: tuple[Statement, ...] = ()
    """What a pasted plan or a long prompt explains."""


def read_request(prompt: str, words: Lexicon, *, seq: int = -1) -> Request:
    """Condense a prompt: plans to their heading, wrappers to their command, prose to its start.

    `words`: of the language the user writes.
    """
    text = _unwrap(prompt[:MAX_PROSE])
    if not text or _SMALL_TALK.match(text):
        return Request("", "")
    if plan := _plan(text):
        return _read_plan(text, plan, seq)
    if len(text) < 80 and _GO_AHEAD.match(text):
        return Request("", plain(text), goes_on=True)
    lines = [s.text for s in statements(text)] or [plain(text)]
    lines = [line for line in lines if not _THANKS.match(line)] or lines
    first = _politely_opened(next((line for line in lines if len(line) > 8), lines[0]))
    more = [line for line in lines[1:4] if line not in first]
    return Request(
        title=shortened(first.rstrip(" .:")),
        text=within([first, *more], MAX_REQUEST),
        corrects=_corrects(text, words),
        sentences=tuple(statements(text, seq=seq)),
    )


def _corrects(text: str, words: Lexicon) -> bool:
    """Say whether a prompt contradicts what was done or said before it."""
    if len(text) > MAX_CORRECTION:
        return False
    return bool(words.correction.match(text) or words.correction_anywhere.search(text))


def _unwrap(prompt: str) -> str:
    name, args = _COMMAND.search(prompt), _ARGS.search(prompt)
    if name:
        return f"/{name[1]} {args[1].strip() if args else ''}".strip()
    text = _TRANSCRIPT_HINT.sub("", _WRAPPED.sub("", prompt)).strip()
    if text.startswith(("# AGENTS.md instructions", "Caveat: The messages below")):
        return ""
    return text


def _plan(text: str) -> str:
    """Return the heading that names a pasted plan or skill, if the prompt is one."""
    pasted = _PLAN.match(text) or text.startswith(("Base directory for this skill", "# "))
    heading = _HEADING.search(text) if pasted else None
    return _LABEL.sub("", plain(heading[1])) if heading else ""


def _read_plan(text: str, heading: str, seq: int) -> Request:
    body = [s for s in statements(text, seq=seq) if not _PLAN.match(s.text + "\n")]
    about = [s.text for s in body if not s.is_item and says_something(s.text)]
    goal = next(iter(about), "")
    title = shortened(heading)
    return Request(
        title, within([heading, goal], MAX_REQUEST), is_plan=True, background=tuple(body)
    )


def _politely_opened(text: str) -> str:
    first = (sentences(text) or [text])[0]
    rest = _POLITE.sub("", first).strip() or first
    return rest if "://" in rest.partition(" ")[0] else rest[:1].upper() + rest[1:]
