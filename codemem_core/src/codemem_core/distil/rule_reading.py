"""One sentence of a prompt, and whether it states what holds from now on.

What speaks of one occasion, asks, quotes or describes is no rule. In doubt a sentence is none: a
false rule goes to every session.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from codemem_core.distil.rule_grammar import Grammar, grammar_of

STOPS = " \t,.;:!-\u2013\u2014\u3001\u3002\uff0c\uff1a\uff1b\uff01"
"""White space and marks between an opener and the sentence proper."""
TOKEN = re.compile(r"[\w'-]+|[^\w\s]")

_LONGEST = 500
"""Characters; a longer sentence is pasted text."""
_MOST_WORDS = 50
"""Of a sentence that no verb of remembering opens: who states a rule is brief."""
_MOST_WORDS_BARE = 30
"""Of a statement that nothing but its form makes a rule."""
_MOST_WORDS_OF_US = 14
"""Of a statement whose only mark is that it begins with "we use"."""
_LEAST_WORDS = 3
_LEAST_LETTERS = 6
"""Of a language without spaces."""

_QUOTED = re.compile(
    r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|„[^“”\n]{1,200}[“”]|«[^»\n]{1,200}»"
    r"|「[^」\n]{1,200}」|『[^』\n]{1,200}』|(?<![\w'])'[^'\n]{1,200}'(?!\w)"
)
_CLAUSE_END = re.compile(
    r"[,;:.!?\u3001\u3002\uff0c\uff1b](?=\s|$|[^\x00-\x7f])| (?:but|and|sondern|sino|mais|ma|maar) "
)
_INTRODUCES = re.compile(r"[\w' ]{0,40}\b(?:this|that|these|the following):")
"""An order that hands over one task: "Take care of this: the logs do not arrive"."""
_EACH_TIME = re.compile(r"(?:when|whenever|before|after|while) \w+ing\b[^,.;]{0,60}, \w+")
"""An order for each time something is done: "When writing SQL, use lower case"."""
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
        """Lower-case, in one line, with a mark in place of quotes and code."""
        self.core = self._without_openers()
        """`plain` without what only opens it."""

    def has(self, *categories: str) -> bool:
        """Say whether a phrase of one of the categories stands in the sentence."""
        phrases = self.grammar.phrases
        return any(phrases[name].search(self.plain) is not None for name in categories)

    def starts(self, *categories: str) -> bool:
        """Say whether the sentence, or what follows its openers, begins with such a phrase."""
        patterns = [self.grammar.phrases[name] for name in categories]
        return any(one.match(self.core) or one.match(self.plain) for one in patterns)

    @cached_property
    def words(self) -> list[str]:
        """The sentence proper in words and marks."""
        return TOKEN.findall(self.core)

    @cached_property
    def is_rule(self) -> bool:
        """Whether it states what holds from now on, whatever stands beside it."""
        if not self._may_hold:
            return False
        if self.has("remember"):
            return not self.has("remind") or self.is_quantified or self._is_generic
        if len(self.words) > _MOST_WORDS or self.has("experience", "hearsay"):
            return False
        return self._is_order_for_all_times if self.is_order else self._is_general_statement

    @cached_property
    def may_be_rule(self) -> bool:
        """Whether it states something general that is a rule where no work is asked for."""
        if len(self.words) > _MOST_WORDS_BARE or not self._may_hold:
            return False
        if self.has("experience", "hearsay", "pointing", "proposal"):
            return False
        if self.is_order:
            is_guided = self.has("dont", "contrast") or self._is_conditional
            return self._is_generic and is_guided
        if self.words[0] in _PRONOUNS or self.has("report"):
            return False
        if self.starts("we") and len(self.words) <= _MOST_WORDS_OF_US:
            return True
        is_ruled = self.has("duty", "ban") or self.words[0] in _UNIVERSAL
        return self.has("contrast") or (is_ruled and self._subject_is_general)

    @cached_property
    def is_task(self) -> bool:
        """Whether it asks for work now."""
        if self.is_rule or self.may_be_rule:
            return False
        return self.is_order or self.has("proposal")

    @cached_property
    def is_question(self) -> bool:
        """Whether it asks; a polite order for all times does not."""
        if self._reproaches:
            return False
        if self.plain.rstrip("\"')” ").endswith(("?", "\uff1f")):
            return not self.has("standing")
        asks = self.starts("question") if self.grammar.is_spaced else self.has("question")
        return asks and not self.has("everywhere")

    @cached_property
    def is_order(self) -> bool:
        """Whether it is an imperative."""
        if not self.grammar.is_spaced:
            return self.has("order", "dont")
        return self._is_conditional or self._begins_with_order(self.core)

    @property
    def is_quantified(self) -> bool:
        """Whether it speaks of all occasions, or of none."""
        return self.has("always", "never")

    @property
    def is_negative(self) -> bool:
        """Whether it says what not to do."""
        return self.has("dont", "never")

    @cached_property
    def rejected(self) -> list[str]:
        """What stands after a "not" or a "never", or before a "ではなく", to the clause's end."""
        found = []
        for name in ("contrast", "never", "dont", "ban"):
            for match in self.grammar.phrases[name].finditer(self.plain):
                before, after = self.plain[: match.start()], self.plain[match.end() :]
                if self.grammar.name in {"ja", "ko"}:
                    found.append(_CLAUSE_END.split(before)[-1])
                else:
                    found.append(_CLAUSE_END.split(after.lstrip(STOPS), maxsplit=1)[0])
        return found

    # --- what speaks for and against -------------------------------------------------------------

    @cached_property
    def _may_hold(self) -> bool:
        """Whether it is a sentence of its own that neither asks nor speaks of one occasion."""
        if not self._is_long_enough or self.is_question:
            return False
        if _INTRODUCES.match(self.core) and not self.has("remember", "standing"):
            return False
        without = self.grammar.phrases["standing"].sub(" ", self.plain)
        return self.grammar.phrases["once"].search(without) is None

    @property
    def _reproaches(self) -> bool:
        """Whether it was said before; "run it once more" only asks for another run."""
        opens = self.starts("repeated") and self.has("contrast", "dont", "duty", "ban")
        return opens or self.has("again")

    @property
    def _is_long_enough(self) -> bool:
        if len(self.text) > _LONGEST:
            return False
        if not self.grammar.is_spaced:
            return sum(char.isalnum() for char in self.core) >= _LEAST_LETTERS
        return len([word for word in self.words if word[0].isalnum()]) >= _LEAST_WORDS

    @cached_property
    def _is_generic(self) -> bool:
        """Whether it speaks of things in general and not of one that lies before us."""
        if self.has("generic", "here", "reason"):
            return True
        if self.grammar.name != "en":
            return False
        ends_habit = self.words[0] in {"stop", "quit"} and not _DEFINITE.intersection(self.words)
        return ends_habit or _bare_plural(self.words) is not None

    @property
    def _is_order_for_all_times(self) -> bool:
        if self.has("standing", "everywhere", "prefer"):
            return True
        points = self.has("pointing")
        asks_for_another_run = self.has("repeated") and not self._reproaches
        if self.is_quantified and not asks_for_another_run:
            return not points or self._is_generic
        if points or asks_for_another_run:
            return False
        if self._reproaches or self.has("convention") or self._is_topical:
            return True
        if self.has("contrast") and (self.has("duty", "here") or self.starts("correction")):
            return True
        negates = self.has("dont") and self._is_generic
        return negates and (self.has("here", "reason") or self.starts("correction"))

    @property
    def _is_general_statement(self) -> bool:
        if self.has("prefer"):
            return not self.has("pointing")
        if self.has("report"):
            return self.has("everywhere") and self.has("duty", "ban")
        if self.has("standing", "everywhere", "convention"):
            return True
        if self.words[0] in _PRONOUNS:
            return False
        return self._is_quantified_statement or self._is_habit_or_correction

    @property
    def _is_quantified_statement(self) -> bool:
        if not self.is_quantified or self.has("pointing"):
            return False
        return self.has("duty", "ban", "contrast") or self._leads_with_quantifier

    @property
    def _is_habit_or_correction(self) -> bool:
        if self.has("we"):
            return self._is_generic or self.is_quantified or self.has("contrast")
        corrects = self.starts("correction") or self._reproaches
        return corrects and not self.has("pointing") and self.has("contrast", "duty", "ban")

    @property
    def _leads_with_quantifier(self) -> bool:
        """Whether it begins with always or never; in English that is an order."""
        return self.grammar.name != "en" and any(
            self.grammar.phrases[name].match(self.core) for name in ("always", "never")
        )

    @property
    def _is_topical(self) -> bool:
        """Whether it opens with what it is about: "For commit messages use the imperative"."""
        if self.grammar.name != "en" or not self.words or self.words[0] not in _PREPOSITIONS:
            return False
        at = _bare_plural(self.words[:6])
        rest = self.words[at + 1 :] if at is not None else []
        rest = rest[1:] if rest[:1] == [","] else rest
        return bool(rest) and rest[0] in {*self.grammar.orders, "don't", "never", "always"}

    @property
    def _is_conditional(self) -> bool:
        return self._is_topical or _EACH_TIME.match(self.core) is not None

    @property
    def _subject_is_general(self) -> bool:
        """Whether a bare plural or a quantifier stands before the verb."""
        if self.grammar.name != "en":
            return self._is_generic
        return _bare_plural(self.words[:4]) is not None or self.words[0] in _QUANTIFIERS

    def _begins_with_order(self, text: str) -> bool:
        is_quantified = False
        for category in ("always", "never", "dont", "openers"):
            found = self.grammar.phrases[category].match(text)
            if found is None:
                continue
            if category == "dont":
                # Elsewhere the same "no" denies a statement: "Non funziona mai."
                return self.grammar.name == "en" or not self.has("report")
            text = text[found.end() :].lstrip(STOPS)
            is_quantified = is_quantified or category != "openers"
        first = TOKEN.match(text)
        if first is None:
            return False
        # Whatever verb follows, "Never reformat lines" is an order.
        is_bare = is_quantified and first[0][0].isalpha() and not first[0].endswith(_INFLECTED)
        return first[0] in self.grammar.orders or is_bare

    def _without_openers(self) -> str:
        rest, phrases = self.plain, self.grammar.phrases
        for _ in range(4):
            found = phrases["openers"].match(rest)
            if found is None:
                break
            after = rest[found.end() :]
            # A bare "no" may belong to the sentence: "No quiero comentarios".
            is_bare = after[:1] not in tuple(STOPS.strip())
            if not after.strip(STOPS) or (is_bare and phrases["correction"].fullmatch(found[0])):
                break
            rest = after.lstrip(STOPS)
        return rest


def _bare_plural(words: Sequence[str]) -> int | None:
    """Return where an English plural without a determiner stands: it speaks of all such things."""
    for at, word in enumerate(words):
        if len(word) < 4 or not word.endswith("s") or word.endswith(_SINGULAR):
            continue
        if not _DETERMINERS.intersection(words[max(0, at - 2) : at]):
            return at
    return None
