"""What to ask the memory for a prompt, and who asks where the work stands.

On the hook path: `os` and `re` only. Recaps are matched word by word: as one pattern their forms
took 15 ms to compile, at every prompt with a "what" in it.
"""

from __future__ import annotations

import os
import re

from codemem_core.retrieval.pack.prompt_text import split, telling_lines
from codemem_core.store.tokenize import leans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BESIDE_CHARS = 500
"""Characters of the first prompt that stand beside a later one."""
_FILES = 5
MAX_WORDS = 25
"""Who asks where the work stands does it in fewer; a longer text says what it wants."""

# Any one of the words; a name with * stands for none or many of them, with ? for one or none.
_WORDS = {
    name: frozenset(words.split())
    for name, words in {
        "WE": "we i you us",
        "BE": "is s are am was were did do does have had m re ve",
        "OUR": "the our my your this",
        "STOP": "leave left off stop stopped get got to at up standing stand it things end ended"
        " finish finished paused pause were was are had have with",
        "DO": "do does did done doing been just actually working work worked on up to decide"
        " decided achieve achieved accomplish accomplished finish finished get complete completed",
        "SHOULD": "should shall can could must do have need to",
        "TAKE": "do work on tackle continue focus pick start up",
        "WHAT": "what whats which any some all other more",
        "FILL": "is s are were was be there still the our my up comes remains else do we have",
        "OPEN": "open pending loose remaining unfinished outstanding leftover next",
        "POINT": "item items task tasks todo todos work thing things ends end point points question"
        " questions step steps stuff business",
        "LEFT": "open pending remaining unfinished outstanding next left todo todos status",
        "UP": "up in back to speed date",
        "PICK": "pick continue resume carry go proceed start keep get let",
        "AGAIN": "up on it this that things from to work again going back",
        "ORDER": "recap summary summarize summarise overview status progress next todo todos resume"
        " continue",
        "REPORT": "of our the my your progress update report list work status session",
        "COURTESY": "ok okay so hi hey hello and now well please thanks good morning let s can"
        " could would will you quickly just i forgot forget do remember know recall tell show give"
        " remind list me us want to d like we should a an the our my all quick short brief also",
        "WHEN": "last previous latest recent earlier time night week session sessions day chat"
        " conversation yesterday today so far in of from on during at the our my your before this"
        " morning right now next again please then recently until list here there exactly first"
        " for me us to do be done left open remaining are we have",
    }.items()
}
_FORMS = tuple(
    form.split()
    for form in (
        "where BE WE STOP*",  # where were we, where did we leave off
        "where WE STOP STOP*",  # (remind me) where we stopped
        "where do things stand",
        "what BE WE DO DO*",  # what was I doing, what have we done
        "what WE BE? DO DO*",  # (remind me) what we did
        "what BE? the last thing WE BE? DO DO*",
        "what SHOULD WE SHOULD* TAKE TAKE*",  # what should I work on
        "what happened",
        "WHAT FILL* LEFT",  # what's next, what is left
        "FILL* WHAT* FILL* OPEN POINT",  # what are the open items, any loose ends
        "FILL* anything FILL* LEFT",  # anything still open
        "what BE the state of play",
        "how far BE WE STOP* come? along?",
        "catch WE UP UP*",
        "catch me UP UP*",
        "bring me UP UP*",
        "bring us UP UP*",
        "fill me in",
        "PICK AGAIN* where WE STOP STOP*",  # pick up where we left off
        "PICK AGAIN* where OUR last session STOP STOP*",
        "refresh OUR memory",
        "ORDER REPORT*",  # continue, summarize our progress
    )
)
_ABOUT = frozenset({"with", "on", "about", "regarding", "concerning", "for", "in", "of"})
# Orders that go on with what this session does, when it does something already.
_GO_ON = frozenset({"continue", "resume", "next"})
# A topic of these only is none.
_EVERYTHING = frozenset(
    "a all an and everything here in is it my of on our project session stuff task tasks that the"
    " things this to us we with work your".split()
)


def injection_query(first_prompt: str, prompt: str, recent_files: Sequence[str]) -> tuple[str, str]:
    """Return what to ask the memory for a prompt, and what the work is about beside it.

    Asked is the prompt alone. Beside it stand the session's first prompt and the names of the last
    5 files changed (newest last in `recent_files`): a search weighs them less, and more when the
    prompt says hardly anything.
    """
    first = " ".join(first_prompt.split())[:_BESIDE_CHARS]
    asked = prompt.strip()
    names = [os.path.basename(path.replace("\\", "/")) for path in recent_files[-_FILES:]]
    beside = [first if not asked.startswith(first) else "", *names]
    return asked or "recent work", " ".join(filter(None, beside))


def asked_for(context: str) -> str:
    """Return what a prompt asks: what the person typed; of a dump only what went wrong in it.

    A slash command is an order to the host; what stands behind it may ask for something.
    """
    typed, pasted = split(context)
    typed = re.sub(r"^/[\w:.-]+(?=\s|$)", "", typed).strip()
    return typed if not leans(typed) else f"{typed}\n{telling_lines(pasted)}".strip()


def meant(context: str, around: str) -> str:
    """Return what an embedder should be asked: it knows no weights, so one text has to do.

    Empty when somebody asks where the work stands, and not of what.
    """
    topic = recap_topic(context, begun=bool(around))
    if topic is not None:
        return topic
    return f"{around} {context}".strip() if leans(context) else context


def recap_topic(context: str, *, begun: bool = False) -> str | None:
    """Return of what somebody asks where the work stands; empty: of all; None: nobody asks.

    Recognised by the form of whole sentences: "where were the tests failing" is another question.
    What other sentences say belongs to the topic. `begun`: the session does something already, and
    "continue" means that.
    """
    words = _words(context)
    if len(words) > MAX_WORDS or (begun and len(words) <= 2 and _GO_ON.intersection(words)):
        return None
    is_recap = False
    topics: list[str] = []
    for sentence in re.split(r"[.?!,;:\n]+(?:\s|$)", context):
        told = _words(sentence)
        asked = _topic_of(told)
        if asked is not None:
            is_recap = True
            topics += asked
        elif not _WORDS["COURTESY"].issuperset(told):
            topics.append(sentence.strip())
    return _unless_everything(" ".join(topics)) if is_recap else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _topic_of(words: Sequence[str]) -> Sequence[str] | None:
    """Return the words after "about" in a sentence of one of the forms."""
    for form in _FORMS:
        if any(_fitting(slot).isdisjoint(words) for slot in form if slot[-1] not in "*?"):
            continue  # most sentences end here, before anything is tried in turn
        for end in _ends(("COURTESY*", *form, "WHEN*"), words, 0):
            if end == len(words):
                return ()
            if words[end] in _ABOUT and end + 1 < len(words):
                return words[end + 1 :]
    return None


def _ends(slots: Sequence[str], words: Sequence[str], at: int) -> Iterator[int]:
    """Find where the slots may end when they begin at word `at`; the longest first."""
    if not slots:
        yield at
        return
    slot, rest = slots[0], slots[1:]
    if at < len(words) and words[at] in _fitting(slot):
        yield from _ends(slots if slot.endswith("*") else rest, words, at + 1)
    if slot[-1] in "*?":
        yield from _ends(rest, words, at)


def _fitting(slot: str) -> frozenset[str]:
    name = slot.rstrip("*?")
    return _WORDS.get(name) or frozenset((name,))


def _unless_everything(topic: str) -> str:
    return "" if _EVERYTHING.issuperset(_words(topic)) else topic
