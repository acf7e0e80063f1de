"""Secrets told by the name beside them: `DB_PASS=…`, `"clientSecret": "…"`, `--token …`."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from codemem_core.redact.table import TABLE, compiled

NAMES = TABLE["names"]
_WORD = re.compile(NAMES["word"])
_HEAD, _TAIL = compiled(NAMES["head"]), compiled(NAMES["tail"])
_MIXED = re.compile(r"[A-Z0-9]|[^\x00-\x7f]")
_PEEK = 64
"""Characters that tell a random value from another one."""
# How a value stands beside its name, which decides what is believed to be a secret.
_SURE = frozenset({"leaf", "quoted", "env", "flag", "xml", "pair"})


@lru_cache(4096)
def promise(name: str) -> int:
    """Return 2 when `name` promises a secret, 1 when it may (`auth`, `pw`), 0 when it does not."""
    words = "_".join(_WORD.findall(name)).lower()
    if compiled(NAMES["about"]).search(words):
        return 0
    if compiled(NAMES["certain"]).search(words):
        return 2
    return 1 if compiled(NAMES["likely"]).search(words) else 0


def is_sensitive(name: str) -> bool:
    """Say whether `name` promises a secret: `authToken`, `DB_PASSWORD`; but not `max_tokens`."""
    return promise(name) == 2


@lru_cache(4096)
def is_password(name: str) -> bool:
    """Say whether what `name` promises may be made up by a person."""
    return bool(compiled(NAMES["password"]).search("_".join(_WORD.findall(name)).lower()))


def is_harmless(value: str) -> bool:
    """Say whether a value is a placeholder, a reference or a type."""
    return bool(compiled(NAMES["harmless"]).match(value))


def named_secret(text: str, at: int) -> tuple[int, tuple[int, int] | None]:
    """Look at the name that has one of its telling words at `at`.

    Return where the name ends, and where its secret lies if it has one.
    """
    end = _TAIL.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing as well
    begin = max(0, at - 40)
    start = begin + _HEAD.search(text[begin:at]).start()  # type: ignore[union-attr]
    name = text[start:end]
    if not promise(name):
        return end, None
    return end, _value(text, name, start, end)


def _value(text: str, name: str, start: int, end: int) -> tuple[int, int] | None:
    beside = compiled(NAMES["beside"]).match(text, end)
    if beside is None:
        return None
    how = beside.lastgroup or ""
    at = beside.end()
    if how == "xml":
        return _judged(name, how, compiled(NAMES["xml"]).match(text, at), text, start)
    quoted = compiled(NAMES["quoted"]).match(text, at)
    if how == "space":
        how = _of_space(text, name, start, quoted=quoted is not None)
    if not how:
        return None
    if quoted is not None:
        return _judged(name, "quoted" if how == "assign" else how, quoted, text, start)
    if how == "call" and beside["space"] is None:
        return None
    return _bare(text, name, how, at, is_equal=text[beside.start() : at].strip() == "=")


def _of_space(text: str, name: str, start: int, *, quoted: bool) -> str:
    """Return how a value stands that only white space parts from its name."""
    if name.startswith("-") or compiled(NAMES["directive"]).fullmatch(name):
        return "flag"
    if compiled(NAMES["set"]).search(text[max(0, start - 12) : start]):
        return "env"
    told = not quoted or len(_WORD.findall(name)) > 1
    return "call" if told and promise(name) == 2 and is_password(name) else ""


def _judged(
    name: str, how: str, match: re.Match[str] | None, text: str, start: int
) -> tuple[int, int] | None:
    if match is None or (
        how == "xml" and text[max(0, start - 1) : start] not in {"<", '"', "'", ":"}
    ):
        return None
    found = is_secret(name, match["value"], how)
    return match.span("value") if found else None


def _bare(text: str, name: str, how: str, at: int, *, is_equal: bool) -> tuple[int, int] | None:
    peek = compiled(NAMES["bare"]).match(text, at)
    if peek is None:
        return None
    value = peek.group()
    in_environment = how == "env" or (how == "assign" and is_equal and name.isupper())
    if compiled(NAMES["code"]).match(value) and not (in_environment and value[-1] not in "()[]{}"):
        return None
    if not in_environment:
        value = re.split(r"[&|<>(){}\[\]]", value, maxsplit=1)[0]
    if how == "prose":
        value = value.rstrip(".!?")
    if not is_secret(name, value, "env" if in_environment else how):
        return None
    end = at + len(value)
    if len(value) == len(peek.group()):  # it may go on
        rest = compiled(NAMES["rest"] if in_environment else NAMES["plain_rest"]).match(text, end)
        end = rest.end() if rest else end
    return at, end


def is_secret(name: str, value: str, how: str) -> bool:
    """Say whether `value` may be the secret that `name` promises, given `how` it stands there."""
    if len(value) < 4 or is_harmless(value):
        return False
    if is_password(name):
        return _is_password(value, how, promise(name))
    if how == "leaf" and promise(name) == 2:
        return True
    if name.lower().endswith(("mnemonic", "phrase")):
        return value.count(" ") > 10
    in_environment = how == "env" and promise(name) == 2
    if in_environment and is_made_up(value) and sum(map(str.isdigit, value)) > 1:
        return True
    return is_random(value[:_PEEK])


def _is_password(value: str, how: str, level: int) -> bool:
    sure = how in _SURE
    if how in {"flag", "quoted"} and _is_word(how, value):
        return False
    if level == 2 and sure:
        return how != "xml" or is_made_up(value) or is_random(value[:_PEEK])
    if level == 2 and how == "assign":
        return not re.fullmatch(r"[A-Za-z_.]+", value)
    if sure and how != "quoted" and not compiled(NAMES["place"]).match(value):
        return not any(char.isspace() for char in value)
    return is_made_up(value) and (sure or compiled(NAMES["strict"]).fullmatch(value) is not None)


def _is_word(how: str, value: str) -> bool:
    """Say whether a value is the next word of a sentence, or names a field as `userPassword`."""
    if how == "flag":
        return bool(re.fullmatch("[a-z]+", value))
    return value.isalpha() and "pass" in value.lower()


def is_made_up(value: str) -> bool:
    """Say whether a value looks like a password: letters with digits or signs, and no place."""
    return (
        bool(compiled(NAMES["made_up"], ignore_case=False).fullmatch(value))
        and not compiled(NAMES["place"]).match(value)
        and not compiled(NAMES["code"]).match(value)
    )


def is_random(text: str) -> bool:
    """Tell a key from an identifier: letters, capitals and digits take turns, vowels are few."""
    if not _MIXED.search(text):
        return False
    chars = [char for char in text if char.isalnum()]
    kinds = [char.isdigit() + 2 * char.isupper() for char in chars]
    # `aB` is a turn and `Ab` is none, else camelCase would look random
    turns = sum(after != before and (before, after) != (2, 0) for before, after in pairwise(kinds))
    vowels = len(re.findall("(?i)[aeiou]", text))
    if len(chars) >= 16 and len(set(kinds)) > 1 and vowels * 5 <= len(chars):
        return True
    if 1 in kinds:
        return len(chars) >= 8 and turns >= max(3, len(chars) / 8)
    return len(chars) >= 10 and turns >= len(chars) / 5
