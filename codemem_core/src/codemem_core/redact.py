"""Secrets become `[REDACTED:kind:id]`, and `<private>` blocks go, before anything is written.

Three tables say what a secret looks like, from certain to likely: `_PREFIXED` (the issuer marks its
keys), `_SHAPED` (the surroundings mark it) and `_NAMED` (a telling name with a value beside it).
A row's pattern is compiled only when one of its words occurs, so ordinary text costs a search for
words. Every repetition is bounded or starts at an edge: time grows with the text, not its square.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Json: TypeAlias = Any  # what `json.loads` returns

_PREFIXED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # kind, what the key starts with, what follows
    ("anthropic", ("sk-ant-",), r"[\w-]{20,}"),
    ("openai", ("sk-proj-", "sk-svcacct-", "sk-admin-"), r"[\w-]{20,}"),
    ("openai", ("sk-",), r"(?=[A-Za-z_-]{0,64}\d)(?:[A-Za-z0-9]{1,12}-){0,3}\w{20,}"),
    ("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{30,}"),
    ("github", ("github_pat_",), r"\w{22,}"),
    ("gitlab", ("glpat-", "gldt-", "glrt-", "glptt-"), r"[\w-]{20,}(?:\.[\w-]{2,16}){0,2}"),
    ("aws", ("AKIA", "ASIA"), r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("google", ("AIza",), r"[\w-]{35}"),
    ("google", ("GOCSPX-", "ya29."), r"[\w-]{20,}"),
    ("slack", ("xoxb-", "xoxp-", "xoxa-", "xoxs-", "xoxr-", "xoxe-", "xapp-"), r"[\w-]{10,}"),
    ("stripe", ("sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"), r"[A-Za-z0-9]{16,}"),
    ("huggingface", ("hf_",), r"[A-Za-z0-9]{30,}"),
    ("npm", ("npm_",), r"[A-Za-z0-9]{36}"),
    ("pypi", ("pypi-",), r"(?=[A-Za-z_-]{0,64}\d)[\w-]{50,}"),
    ("sendgrid", ("SG.",), r"[\w-]{16,32}\.[\w-]{32,64}"),
    ("jwt", ("eyJ",), r"[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    ("vendor", ("dop_v1_", "glsa_", "gsk_", "lin_api_", "shpat_", "dckr_pat_"), r"\w{20,}"),
    ("vendor", ("hvs.", "xai-", "AGE-SECRET-KEY-1"), r"[\w-]{24,}"),
)

_PEM_GAP = r"""[\s\\nrt\d→"'+,|>:]{0,24}"""  # between the lines: breaks, quotes, line numbers
_IS = r"[\\\"'\]]{0,4}\s{0,3}[:=,]\s{0,3}[\\\"'`]{0,3}"
_WITH_DIGIT = r"(?=[A-Za-z._~+/=:-]{0,64}\d)(?P<secret>[\w.~+/=:-]{12,}+)(?!\()"
_SHAPED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # kind, words one of which must occur (lower case), pattern
    (
        "private-key",
        ("private key",),
        r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        rf"(?={_PEM_GAP}(?:[A-Za-z0-9+/=]{{10}}|[A-Z][A-Za-z-]{{2,20}}: ))"  # else it is code
        # to its end line, or as far as the lines of a cut-off key go
        r"(?:[^-]*+(?:-{1,4}(?!-)[^-]*+)*+-----END [A-Z0-9 ]{0,40}-----"
        rf"|(?:{_PEM_GAP}[A-Za-z0-9+/=]{{10,}})*+))",
    ),
    ("url", ("://",), r"://[^\s/:@\"'`<>]{0,128}:(?!\d{1,5}\?)(?P<secret>[^\s/\"'`<>]{3,256})@"),
    (
        "basic",
        ("basic",),
        rf"authorization{_IS}basic\s{{1,3}}(?P<secret>[A-Za-z0-9+/]{{8,}}={{0,2}})",
    ),
    (
        "bearer",
        ("authorization",),
        rf"authorization{_IS}(?:(?:bearer|token|apikey|digest)\s{{1,3}})?{_WITH_DIGIT}",
    ),
    ("bearer", ("bearer",), rf"bearer\s{{1,3}}{_WITH_DIGIT}"),
    ("cookie", ("cookie:",), r"cookie: ?(?P<secret>[\w.-]{1,64}=[^\r\n\"'\\]{8,4096})"),
    (
        "aws",
        ("redacted:aws",),  # the id beside it is masked by now
        r"\[REDACTED:aws:\w{4}\][\s,:;|\"']{1,8}(?P<secret>[A-Za-z0-9/+]{40})(?![\w/+=])",
    ),
    ("azure", ("sig=",), r"[?&]sig=(?P<secret>[\w%+/=-]{32,})"),
    ("telegram", (":aa",), r"(?<!\d)\d{8,10}:(?P<secret>AA[\w-]{33})"),
    ("slack", ("hooks.slack",), r"hooks\.slack\.com/services/(?P<secret>[\w/]{20,})"),
    ("discord", ("/webhooks/",), r"/api/webhooks/\d{5,24}/(?P<secret>[\w-]{40,})"),
    (
        "login",
        ("-u ", "--user"),
        r"\s(?:-u|--user)[ =][\"']?[^\s:\"'$]{1,64}:(?!\d+\s)(?P<secret>[^\s\"']{4,256})",
    ),
    ("login", ("pwd=",), r"(?:\b|_)pwd=(?P<secret>[^\s;,)\"'/\\~.][^\s;,)\"']{3,256})"),
)

_SHORTEST = 8  # `pwd=x123` and `://:abc@`
_NAME_WORDS = ("token", "secret", "passw", "passphrase", "key", "authorization", "cookie")
_ODD = ("passcode", "private>", "\\u")  # not for `_NAMED`: a key's name, a tag, a hidden character
_QUOTED = r"(?P<quote>\\{0,3}[\"'`])(?P<quoted>(?:(?!(?P=quote))(?:\\.|\S)){4,1024})(?P=quote)"
_BARE = r"(?P<bare>(?:[^\s\"'`,;\\]{1,256}|\\(?![nrt\"'`\\])){1,4}+)"
_NAMED = (
    r"(?:token|secret|passw(?:or)?d|passphrase|(?:api|access|account|private|signing|encryption|"
    r"master)[-_. ]?key|authorization|cookie)(?P<tail>[\w.-]{0,40}+)\\{0,3}[\"'`]?\]?"
    r"(?P<between>[ \t]{0,3}(?:=>|[:!=]{0,2}=|:)[ \t]{0,3}|[ \t]{1,3})"
    rf"(?:[bruf]{{0,2}}{_QUOTED}|{_BARE})"
)
_HEAD = r"(?<!\\)[\w.-]*\Z"  # what stands before the word; in `\nTOKEN=` the n is a line break

# Names are compared as their words: `clientSecret` and `CLIENT-SECRET` are `client_secret`.
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"
_SENSITIVE = (
    r"(?:^|_)(?:token|secrets?|passwords?|passwd|passphrase|passcode|authorization|cookies?|"
    r"(?:api|access|account|private|signing|encryption|master)_?key)(?:_|$)"
    r"|(?:password|passwd|apikey|authtoken|accesstoken)(?:_|$)"  # PGPASSWORD
)
_ABOUT = (  # it counts or describes secrets
    r"^(?:max|min|num|total)_|_(?:budget|counts?|limit|max|min|usage|used|length|size|total|types?|"
    r"names?|in|at|expiry|expires|ttl|age|ur[il]|endpoint|path|file|field|label|policy|hint|"
    r"placeholder|required|prompt|error|message)$"
)
_HARMLESS = r"""(?xais)
    \[REDACTED:[\w-]+:[0-9a-f]{4}\] | \$[({].* | \$[a-z_]\w*(?:->.*)? | %[sdr]\b.* | %\(.* | %\w+% |
    [#$]?\{.*\} | \{\{.* | <.*> | [*x._-]+ | none | null | nil | true | false | undefined | unset |
    empty | str | string | bytes | text | any | object | number | boolean | optional | required |
    hidden | pass | password | passwd | pw | pwd | secret | token"""
_CODE = (  # a call, an index, a generic type; or attributes of something
    r"(?ai)[a-z_]\w{0,64}+(?:\??[.:]{1,2}[a-z_]\w{0,64}+){0,16}[(\[{<]"
    r"|[a-z_]+(?:\??\.[a-z_]+)+$"
)
_PRIVATE = r"(?i)<(/?)private>"
_COMMON = "zjqxkvbwy_gpfmdhuclisnorat e"
"""Letters of code and prose, the rarest first; what is not among them is rarer still."""
_PROCESS_KEY = os.urandom(16)


def strip_private(value: Json) -> Json:
    """Return a JSON value without what its strings hold between `<private>` and `</private>`.

    Case does not matter, blocks may nest, an unclosed block reaches to the end of its string.
    """
    return _map_strings(value, lambda _name, item: _public(item) if type(item) is str else item)


def redact(value: Json, *, key: bytes = _PROCESS_KEY) -> tuple[Json, int]:
    """Return a JSON value with its secrets replaced, and how many were replaced.

    The same secret gets the same id under the same `key` (at most 64 bytes; give the key of this
    installation to recognise secrets across processes). Redacting again changes nothing. Never
    raises for what `json.loads` returns, whatever its depth.
    """
    masks = _Masks(key)
    return _map_strings(value, masks.leaf), masks.count


def is_plain(text: str) -> bool:
    r"""Say whether `redact` and `strip_private` would leave the JSON value of this text as it is.

    `text` is what `json.dumps(value, ensure_ascii=False)` returns. False is no verdict: it wants a
    closer look, as a text does that hides characters behind `\u`.
    """
    return not (_starts().search(text) or _words().search(text.lower()))


def _map_strings(value: Json, change: Callable[[str, Json], Json]) -> Json:
    """Copy a JSON value with `change(name, leaf)` for each leaf; keys change as nameless leaves.

    A loop, not a recursion: hosts may send nesting deeper than Python's stack.
    """
    root = [value]
    todo: list[tuple[Json, Json, str]] = [(root, 0, "")]
    while todo:
        holder, at, name = todo.pop()
        item = holder[at]
        if isinstance(item, dict):
            holder[at] = copy = {change("", key): child for key, child in item.items()}
            # what lies inside a secret is secret, whatever it is called there
            inside = name if is_sensitive(name) else ""
            for key, child in copy.items():
                if isinstance(child, dict | list):
                    todo.append((copy, key, inside or key))
                else:
                    copy[key] = change(inside or key, child)
        elif isinstance(item, list):
            holder[at] = items = list(item)
            todo += [(items, index, name) for index in range(len(items))]
        else:
            holder[at] = change(name, item)
    return root[0]


def _public(text: str) -> str:
    if "private>" not in text.lower():
        return text
    kept, depth, end = [], 0, 0
    for tag in re.finditer(_PRIVATE, text):
        if depth == 0:
            kept.append(text[end : tag.start()])
        depth = max(0, depth + (-1 if tag[1] else 1))
        end = tag.end()
    if depth == 0:
        kept.append(text[end:])
    return "".join(kept)


class _Masks:
    """Finds secrets, puts placeholders in their place and counts them."""

    def __init__(self, key: bytes) -> None:
        self.count = 0
        self._key = key

    def leaf(self, name: str, item: Json) -> Json:
        """Return the leaf of a JSON value as it may be written; `name` is the key it lies under."""
        if isinstance(item, str):
            return self._named_leaf(item) if is_sensitive(name) else self._text(item)
        if isinstance(item, bool) or item is None:
            return item
        # A number is a count (`token: 12`), unless a password is wanted.
        return (
            self._mask("key", str(item)) if "passw" in name.lower() and is_sensitive(name) else item
        )

    def _named_leaf(self, text: str) -> str:
        text = text.strip() and text
        return text if not text or re.fullmatch(_HARMLESS, text) else self._mask("key", text)

    def _text(self, text: str) -> str:
        # A mask changes what its neighbours look like; repeat until nothing is found, then a
        # second `redact` finds nothing either.
        while (clean := self._once(text)) != text:
            text = clean
        return text

    def _once(self, text: str) -> str:
        if len(text) < _SHORTEST:
            return text
        if _starts().search(text):
            text = self._prefixed(text)
        lowered = text.lower()
        if not _words().search(lowered):
            return text
        for kind, words, pattern in _SHAPED:
            if any(word in lowered for word in words):
                text = self._masked(kind, f"(?i){pattern}", text)
        if any(word in lowered for word in _NAME_WORDS):
            text = self._named(text)
        return text

    def _prefixed(self, text: str) -> str:
        for kind, starts, body in _PREFIXED:
            for start in starts:
                if start in text:
                    text = self._masked(kind, _at_edge(start, body), text)
        return text

    def _masked(self, kind: str, pattern: str, text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            if re.fullmatch(_HARMLESS, match["secret"]):
                return match[0]
            start, end = match.span("secret")
            return (
                text[match.start() : start]
                + self._mask(kind, match["secret"])
                + text[end : match.end()]
            )

        return re.sub(pattern, replace, text, flags=re.ASCII)

    def _named(self, text: str) -> str:
        pattern = re.compile(_NAMED, re.ASCII | re.IGNORECASE)
        kept, end, position = [], 0, 0
        while match := pattern.search(text, position):
            position = match.end("tail")
            span = _value_span(match)
            if span:
                kept += [text[end : span[0]], self._mask("key", text[span[0] : span[1]])]
                end = position = span[1]
        return "".join([*kept, text[end:]])

    def _mask(self, kind: str, secret: str) -> str:
        from hashlib import blake2b  # noqa: PLC0415  # most events hold no secret and need not wait

        self.count += 1
        digest = blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=2, key=self._key)
        return f"[REDACTED:{kind}:{digest.hexdigest()}]"


STARTS = frozenset(start for _, group, _ in _PREFIXED for start in group)
"""What begins a secret."""
WORDS = frozenset(word for _, group, _ in _SHAPED for word in group) | {*_NAME_WORDS, *_ODD}
"""What stands, in any case, in every text that is not plain and holds none of `STARTS`."""


@lru_cache(1)
def _starts() -> re.Pattern[str]:
    return _any_of(STARTS)


@lru_cache(1)
def _words() -> re.Pattern[str]:
    return _any_of(WORDS)


def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern for any of the words, fast where they are absent.

    `re` skips to the rarest letter of each word and looks back from there: 3 us for 700 characters
    of code, where an alternation of the words takes 6.
    """
    at_mark: dict[str, list[str]] = {}
    for word in sorted(words):
        at = min(range(len(word)), key=lambda index: _COMMON.find(word[index].lower()))
        look_back = f"(?<={re.escape(word[: at + 1])})" if at else ""
        at_mark.setdefault(word[at], []).append(look_back + re.escape(word[at + 1 :]))
    marks = (f"{re.escape(mark)}(?:{'|'.join(rest)})" for mark, rest in at_mark.items())
    return re.compile("|".join(marks))


@lru_cache(4096)
def is_sensitive(name: str) -> bool:
    """Say whether `name` promises a secret: `authToken`, `DB_PASSWORD`; but not `max_tokens`."""
    words = "_".join(re.findall(_WORD, name)).lower()
    return bool(re.search(_SENSITIVE, words)) and not re.search(_ABOUT, words)


def _at_edge(start: str, body: str) -> str:
    """Return a pattern for `start` and `body` not inside a word, unless an escape precedes it.

    The literal comes first and the look-behind after it: so `re` can skip to it.
    """
    start = re.escape(start)
    edge = rf"(?:(?<![\w-]{start})|(?<=\\[nrt]{start})|(?<=%[0-9A-F]{{2}}{start}))"
    return rf"(?P<secret>{start}{edge}{body})"


def _value_span(match: re.Match[str]) -> tuple[int, int] | None:
    """Return where the secret of a `name = value` stands, or None when it is code or prose."""
    text, start = match.string, match.start()
    head = re.compile(_HEAD, re.ASCII).search(text, max(0, start - 40), start)
    name = text[head.start() if head else start : match.end("tail")]
    between = match["between"]
    if not is_sensitive(name) or (between.isspace() and not name.startswith("--")):
        return None
    if match["quoted"]:
        return match.span("quoted") if _is_secret(name, match["quoted"], sure=True) else None
    value = match["bare"]
    in_environment = name.isupper() and between == "="
    if re.match(_CODE, value) and not (in_environment and value[-1] not in "()[]{}"):
        return None
    if not in_environment:
        value = re.split(r"[&|<>(){}\[\]]", value, maxsplit=1)[0]
    found = _is_secret(name, value, sure=in_environment)
    return (match.start("bare"), match.start("bare") + len(value)) if found else None


def _is_secret(name: str, value: str, *, sure: bool) -> bool:
    """Say whether `value` may be the secret its name promises; `sure` when it is no code."""
    if len(value) < 4 or re.fullmatch(_HARMLESS, value):
        return False
    if "pass" in name.lower() and (sure or not re.fullmatch(r"[A-Za-z_.]+", value)):
        return True
    return _is_random(value[:64])  # enough to tell


def _is_random(text: str) -> bool:
    """Tell a key from an identifier: letters, capitals and digits take turns, vowels are few."""
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
