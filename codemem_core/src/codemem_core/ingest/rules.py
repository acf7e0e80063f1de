"""The user's word: what a prompt says is to be done from now on, sentence by sentence.

No model is asked. A sentence is a rule by its grammar: a standing adverbial, a verb of remembering
or preference, a universal quantifier with an order, a convention, a contrast in a correction. What
speaks of one occasion, asks, quotes or describes is none. In doubt it is none: a false rule is told
to every session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from codemem_core.ingest.rule_grammar import Grammar, grammar_of

MAX_RULES = 8
"""Rules of one prompt: who pastes a style guide did not say each of its lines."""
_LOOKED_AT = 1_600
"""Characters at the start, and at the end, of a prompt that are read: people write there."""
_LONGEST = 500
"""Characters of a sentence; a longer one is pasted text."""
_LEAST_WORDS = 3
_MOST_WORDS = 50
"""Of a sentence that no verb of remembering opens: who states a rule is brief."""
_MOST_WORDS_BARE = 30
"""Of a statement that nothing but its form makes a rule."""
_LEAST_LETTERS = 6
"""Of a language without spaces."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One standing instruction, preference or fact, as the user put it."""

    text: str
    """Whole sentences."""
    everywhere: bool
    """Whether it is meant for every project of the user."""


def rules_in(prompt: str) -> list[Rule]:
    """Return the rules that a prompt states, in its order."""
    readings = [Reading(part) for part in _sentences(_own_words(prompt))]
    has_task = any(one.is_task for one in readings)
    found = list(_joined(readings, has_task=has_task))
    return [Rule(text, scope) for text, scope in dict.fromkeys(found)][:MAX_RULES]


# --- what the user wrote, without what was pasted ------------------------------------------------

_FENCED = re.compile(r"^(?:```|~~~)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
"""What stands below a heading is a plan, a ticket or a page: text that was written elsewhere."""
_DUMPED = re.compile(
    r"\s*(?:>|\||\+{3}|-{3}|@@|\$ |#!|<[/\w!-]+[^<>]*>|at \S+ ?\(|File \"|Traceback|"
    r"[\[(]?\d{1,4}[-/:.]\d\d[-/:.]\d\d|\[\d\d|(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)\b|"
    r"[\]})]|\S+ [=:]{1,2} |import |from \S+ import )"
)
"""Starts of lines that are quotes, logs, tracebacks, diffs, tables, tags or code."""


def _own_words(prompt: str) -> str:
    text = _HEADING.split("\n".join(_FENCED.split(prompt)[::2]), maxsplit=1)[0]
    if len(text) > 2 * _LOOKED_AT:
        head, tail = text[:_LOOKED_AT].rpartition("\n")[0], text[-_LOOKED_AT:].partition("\n")[2]
        text = f"{head}\n\n{tail}"
    return "\n".join("" if _DUMPED.match(line) else line for line in text.split("\n"))


_END = re.compile(r"(?<=[.!?…])[\"')\]”»]*\s+(?=[^a-z\s])|(?<=[.!?])\s+(?=please\b)|(?<=[。！？])|\n+")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|z\.B|d\.h|bzw|p\.ej|No)\.)$", re.IGNORECASE)
_LISTED = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)])\s+")


def _sentences(text: str) -> Iterator[str]:
    held = ""
    for part in _END.split(text):
        sentence = _LISTED.sub("", f"{held} {part}" if held else part).strip()
        held = sentence if _ABBREVIATED.search(sentence) else ""
        if sentence and not held:
            yield sentence
    if held:
        yield held


# --- one sentence ---------------------------------------------------------------------------------

_QUOTED = re.compile(
    r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|„[^“”\n]{1,200}[“”]|«[^»\n]{1,200}»"
    r"|「[^」\n]{1,200}」|『[^』\n]{1,200}』|(?<![\w'])'[^'\n]{1,200}'(?!\w)"
)
_TOKEN = re.compile(r"[\w'-]+|[^\w\s]")
_STOPS = " \t,.;:!-\u2013\u2014\u3001\u3002\uff0c\uff1a\uff1b\uff01"
_EACH_TIME = re.compile(r"(?:when|whenever|before|after|while) \w+ing\b[^,.;]{0,60}, \w+")
_DETERMINERS = frozenset(
    "the this that these those my your his her its their our both some two three four five".split()
)
_DEFINITE = frozenset("the this that these those it".split())
_PRONOUNS = frozenset("it this that he she they these those there it's that's there's".split())
_SINGULAR = ("ss", "us", "is", "'s", "as")
_UNIVERSAL = frozenset({"every", "each", "nobody"})
_QUANTIFIERS = _UNIVERSAL | {"all", "any", "no", "only"}
_INFLECTED = ("ed", "ing", "ly", "s")
_PREPOSITIONS = frozenset("for in on when with before after inside within to of at by".split())


class Reading:
    """A sentence and what its grammar says of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.grammar: Grammar = grammar_of(text)
        plain = _QUOTED.sub(" \u00a7 ", text.replace("\u2019", "'"))
        self.plain = " ".join(plain.lower().split())
        self.core = self._without_openers()
        """The sentence without what only opens it."""

    def _without_openers(self) -> str:
        rest, openers = self.plain, self.grammar.phrases["openers"]
        corrections = self.grammar.phrases["correction"]
        for _ in range(4):
            found = openers.match(rest)
            if found is None:
                break
            after = rest[found.end() :]
            is_correction = corrections.fullmatch(found[0]) is not None
            if is_correction and not after[:1].strip(" ") or is_correction and after[0] not in _STOPS:
                break
            if not after.strip(_STOPS):
                break
            rest = after.lstrip(_STOPS)
        return rest

    def has(self, category: str) -> bool:
        """Say whether a phrase of the category stands in the sentence."""
        return self.grammar.phrases[category].search(self.plain) is not None

    def starts(self, category: str) -> bool:
        """Say whether the sentence, or what follows its openers, begins with such a phrase."""
        pattern = self.grammar.phrases[category]
        return pattern.match(self.core) is not None or pattern.match(self.plain) is not None

    @cached_property
    def words(self) -> list[str]:
        """The sentence proper in words and marks."""
        return _TOKEN.findall(self.core)

    @cached_property
    def is_long_enough(self) -> bool:
        """Whether it says enough to be of use alone."""
        if len(self.text) > _LONGEST:
            return False
        if not self.grammar.is_spaced:
            return sum(char.isalnum() for char in self.core) >= _LEAST_LETTERS
        return len([word for word in self.words if word[0].isalnum()]) >= _LEAST_WORDS

    @cached_property
    def is_question(self) -> bool:
        """Whether it asks; a polite order for all times does not."""
        ends = self.plain.rstrip("\"')” ").endswith(("?", "\uff1f"))
        if self.has("again"):
            return False
        asks = self.has("question") if not self.grammar.is_spaced else self.starts("question")
        return ends and not self.has("standing") or asks and not self.has("everywhere")

    @cached_property
    def is_order(self) -> bool:
        """Whether it is an imperative."""
        if not self.grammar.is_spaced:
            return self.has("order") or self.has("dont")
        return self._is_conditional or self._is_order_at(self.core)

    def _is_order_at(self, text: str) -> bool:
        is_quantified = False
        for category in ("always", "never", "dont", "openers"):
            found = self.grammar.phrases[category].match(text)
            if found is None:
                continue
            if category == "dont":
                # Elsewhere the same "no" denies a statement: "Non funziona mai."
                return self.grammar.name == "en" or not self.has("report")
            text = text[found.end() :].lstrip(_STOPS)
            is_quantified = is_quantified or category != "openers"
        first = _TOKEN.match(text)
        if first is None:
            return False
        # Whatever verb follows, "Never reformat lines" is an order.
        is_bare = is_quantified and first[0][0].isalpha() and not first[0].endswith(_INFLECTED)
        return first[0] in self.grammar.words["order"] or is_bare

    @cached_property
    def is_quantified(self) -> bool:
        """Whether it speaks of all occasions, or of none."""
        return self.has("always") or self.has("never")

    @cached_property
    def is_generic(self) -> bool:
        """Whether it speaks of things in general and not of one that lies before us."""
        if self.has("generic") or self.has("here") or self.has("reason"):
            return True
        if self.grammar.name != "en":
            return False
        ends_habit = self.words[0] in {"stop", "quit"} and not _DEFINITE.intersection(self.words)
        return ends_habit or _bare_plural(self.words) is not None

    @cached_property
    def is_task(self) -> bool:
        """Whether it asks for work now."""
        if self.is_rule or self.may_be_rule:
            return False
        return self.is_order or self.has("proposal")

    @cached_property
    def is_rule(self) -> bool:
        """Whether it states what holds from now on, whatever stands beside it."""
        if not self.is_long_enough or self.is_question or self._is_of_one_occasion:
            return False
        if self.has("remember"):
            return not self.has("remind") or self.is_quantified or self.is_generic
        if len(self.words) > _MOST_WORDS or any(map(self.has, ("experience", "hearsay"))):
            return False
        return self._is_order_for_all_times if self.is_order else self._is_general_statement

    @cached_property
    def may_be_rule(self) -> bool:
        """Whether it states something general that would be a rule if no work were asked for."""
        blockers = ("experience", "hearsay", "pointing", "proposal")
        if len(self.words) > _MOST_WORDS_BARE or not self.is_long_enough or self.is_question or self._is_of_one_occasion:
            return False
        if any(map(self.has, blockers)) or (self.has("report") and not self.is_order):
            return False
        if self.is_order:
            is_guided = self.has("dont") or self._is_conditional or self.has("contrast")
            return self.is_generic and is_guided
        if self.words[0] in _PRONOUNS:
            return False
        if self.starts("we") and len(self.words) <= 14:
            return True
        ruled = self.has("duty") or self.has("ban") or self.words[0] in _UNIVERSAL
        return self.has("contrast") or (ruled and self._subject_is_general)

    @cached_property
    def _is_of_one_occasion(self) -> bool:
        without = self.grammar.phrases["standing"].sub(" ", self.plain)
        return self.grammar.phrases["once"].search(without) is not None

    @property
    def _is_order_for_all_times(self) -> bool:
        if self.has("standing") or self.has("everywhere") or self.has("prefer"):
            return True
        if self.is_quantified:
            return not (self.has("pointing") and not self.is_generic)
        if self.has("pointing"):
            return False
        if self.has("again") or self.has("convention"):
            return True
        if self._is_topical or (self.has("contrast") and self.has("duty")):
            return True
        negative = self.has("dont")
        if negative and self.is_generic:
            return self.has("here") or self.has("reason") or self.starts("correction")
        return self.has("contrast") and (self.has("here") or self.starts("correction"))

    @property
    def _is_general_statement(self) -> bool:
        if self.has("prefer"):
            return not self.has("pointing")
        if self.has("report"):
            return self.has("everywhere") and self.has("duty")
        if self.has("standing") or self.has("everywhere") or self.has("convention"):
            return True
        ruled = self.has("duty") or self.has("ban")
        if self.words[0] in _PRONOUNS:
            return False
        if self.is_quantified and (ruled or self.has("contrast") or self._leads_with_quantifier):
            return not self.has("pointing")
        if self.has("we"):
            return self.is_generic or self.is_quantified or self.has("contrast")
        corrects = self.starts("correction") or self.has("again")
        return corrects and not self.has("pointing") and (self.has("contrast") or ruled)

    @property
    def is_negative(self) -> bool:
        """Whether it says what not to do."""
        return self.has("dont") or self.has("never")

    @property
    def _leads_with_quantifier(self) -> bool:
        """Whether it begins with always or never; English has `is_order` for that."""
        if self.grammar.name == "en":
            return False
        return any(self.grammar.phrases[name].match(self.core) for name in ("always", "never"))

    @property
    def _is_topical(self) -> bool:
        """Whether it opens with what it is about: "For commit messages use the imperative"."""
        if self.grammar.name != "en" or not self.words or self.words[0] not in _PREPOSITIONS:
            return False
        at = _bare_plural(self.words[:6])
        rest = self.words[at + 1 :] if at is not None else []
        rest = rest[1:] if rest[:1] == [","] else rest
        verbs = self.grammar.words["order"]
        return bool(rest) and (rest[0] in verbs or rest[0] in {"don't", "never", "always"})

    @property
    def _is_conditional(self) -> bool:
        """Whether it orders what to do each time: "When writing SQL, use lower case"."""
        return self._is_topical or _EACH_TIME.match(self.core) is not None

    @property
    def _subject_is_general(self) -> bool:
        """Whether a bare plural or a quantifier stands before the verb."""
        if self.grammar.name != "en":
            return self.is_generic
        at = _bare_plural(self.words[:4])
        return at is not None or self.words[0] in _QUANTIFIERS


def _bare_plural(words: Sequence[str]) -> int | None:
    """Return where an English plural without a determiner stands: it speaks of all such things."""
    for at, word in enumerate(words):
        if len(word) < 4 or not word.endswith("s") or word.endswith(_SINGULAR):
            continue
        if not _DETERMINERS.intersection(words[max(0, at - 2) : at]):
            return at
    return None


# --- sentences that belong together ---------------------------------------------------------------

_HEADER = re.compile(
    r"^[^:\n]{0,60}\b(?:rules|conventions|things|points|notes|preferences|wishes|regeln|dinge|punkte"
    r"|hinweise|reglas|normas|cosas|règles|choses|points|regras|coisas|regole|cose|regels|dingen"
    r"|правила|вещи|правил)\b[^:\n]{0,40}:\s*(?=\S)",
    re.IGNORECASE,
)
_SEMICOLON = re.compile(r"[;；]\s*")


def _joined(readings: Sequence[Reading], *, has_task: bool) -> Iterator[tuple[str, bool]]:
    """Yield text and scope of each rule; sentences that only make sense together stay together."""
    at = 0
    while at < len(readings):
        one, at = readings[at], at + 1
        header = _HEADER.match(one.text)
        if header is not None and not one.is_question:
            yield from ((part, one.has("everywhere")) for part in _enumerated(one, header))
            continue
        following = readings[at] if at < len(readings) else None
        if following is not None and _is_only_marker(one):
            yield f"{one.text} {following.text}", following.has("everywhere")
            at += 1
            continue
        if not (one.is_rule or (one.may_be_rule and not has_task)):
            continue
        if following is not None and _goes_on(one, following):
            yield f"{one.text} {following.text}", one.has("everywhere")
            at += 1
            continue
        yield from _parted(one)


def _enumerated(one: Reading, header: re.Match[str]) -> list[str]:
    rest = one.text[header.end() :]
    parts = [part.strip() for part in _SEMICOLON.split(rest) if part.strip()]
    if len(parts) == 1:
        parts = [part.strip() for part in _AND_PART.split(rest) if part.strip()]
    return parts


_AND_PART = re.compile(r",\s+(?:and|und|y|et|e|en|и)\s+(?=\S+\s+\S+)")


def _is_only_marker(one: Reading) -> bool:
    """Say whether it only announces what follows: "Remember this.", "覚えておいてください。"."""
    found = one.grammar.phrases["remember"].match(one.core)
    if found is None or one.is_question:
        return False
    words = _TOKEN.findall(one.core[found.end() :].strip(_STOPS))
    if one.grammar.is_spaced:
        return len(words) <= 2
    return sum(map(len, words)) <= 4


def _goes_on(one: Reading, following: Reading) -> bool:
    """Say whether the next sentence is the other half: what to do instead, or why."""
    if following.starts("reason") or following.core.startswith(("instead", "stattdessen")):
        return True
    if not (one.starts("correction") and one.has("dont")) or not following.is_order:
        return False
    verbs = one.grammar.words["order"]
    return bool(verbs.intersection(one.words) & verbs.intersection(following.words))


def _parted(one: Reading) -> Iterator[tuple[str, bool]]:
    """Yield the rules of one sentence: its clauses where each states a rule of its own.

    A negative clause opens what to do instead, and what is to be remembered is said to the end.
    """
    parts = [part.strip() for part in _SEMICOLON.split(one.text) if part.strip()]
    clauses = [Reading(part) for part in parts]
    is_whole = len(parts) < 2 or one.has("remember") or clauses[0].is_negative
    if not is_whole and all(clause.is_rule or clause.may_be_rule for clause in clauses):
        yield from ((clause.text, one.has("everywhere")) for clause in clauses)
    else:
        yield one.text, one.has("everywhere")
