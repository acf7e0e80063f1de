"""What a model refuses of our usual request, learnt from its complaints and remembered.

A reasoning model takes no temperature, another wants its limit by another name, a third knows no
system role. Which does what changes with every release, so no table of names is kept: a request
that is refused is sent again without what was refused, and the next one begins that way.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from codemem_core.api import make_private_folder, open_private
from codemem_observers.complaints import Complaint, is_unexplained

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_OPTIONAL = ("temperature", "store")
_LEAST_TOKENS = 500
_REFUSING = frozenset({400, 404, 415, 422, 500})
"""LiteLLM passes some refusals on as a 500; OpenRouter has a 404 for parameters no host takes."""
_AT_MOST = re.compile(
    r"(?:at most|less than or equal to|<=|maximum(?: allowed)?(?: value)?(?: is| of)?:?"
    r"|no more than|up to|range of \[\d+,)\D{0,3}(\d{2,7})"
)
_SYSTEM = re.compile(
    r"\b(?:system|developer)[ _](?:role|instructions?|messages?|prompts?)\b"
    r"|\brole\b.{0,60}\b(?:system|developer)\b|\b(?:system|developer)\b.{0,20}\brole\b"
    r"|roles must alternate"
)
_STREAM = re.compile(
    r"\bstream\b.{0,30}\b(?:must|required|only|true)|\bonly\b.{0,30}\bstream"
    r"|non-?stream\w*.{0,30}\bnot\b"
)
_FILE = "model-quirks.json"
_MOST_MODELS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What has to change in a request to one model."""

    without: tuple[str, ...] = ()
    """Fields to leave out."""
    limit_name: str = ""
    """What it calls the most tokens of an answer, when not as usual."""
    most_tokens: int = 0
    """The longest answer it can be asked for; 0: any."""
    no_system: bool = False
    """Instructions go into the user's message."""
    stream: bool = False
    """It answers only as a stream."""


USUAL = Quirks()


def adapted(body: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    """Return the request as the model takes it."""
    new = dict(body)
    name = limit_of(new)
    if name and quirks.most_tokens:
        new[name] = min(new[name], quirks.most_tokens)
    if name and quirks.limit_name:
        new[quirks.limit_name] = new.pop(name)
    for left_out in quirks.without:
        new.pop(left_out, None)
    if quirks.no_system and isinstance(new.get("messages"), list):
        new["messages"] = _merged(new["messages"])
    if quirks.stream:
        new["stream"] = True
    return new


def limit_of(body: Mapping[str, Any]) -> str:
    """Return the field that limits the answer, or nothing."""
    return next((name for name in _LIMITS if name in body), "")


def _merged(messages: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Put the system message in front of the user's."""
    texts = [str(message["content"]) for message in messages]
    return [{"role": "user", "content": "\n\n".join(texts)}]


def amended(quirks: Quirks, sent: Mapping[str, Any], complaint: Complaint) -> Quirks | None:
    """Return what to try after a request was refused; None when nothing is left to try.

    Each step leaves out or changes something that was sent, so there are only a few.
    """
    if complaint.status not in _REFUSING and not complaint.inside_200:
        return None
    for step in (_stream, _limit, _optional, _system):
        if better := step(quirks, sent, complaint.text):
            return better
    if complaint.status not in {400, 422} or quirks.without or not is_unexplained(complaint):
        return None
    return _barest(quirks, sent)


def _stream(quirks: Quirks, sent: Mapping[str, Any], text: str) -> Quirks | None:
    wants = not sent.get("stream") and _STREAM.search(text)
    return replace(quirks, stream=True) if wants else None


def _limit(quirks: Quirks, sent: Mapping[str, Any], text: str) -> Quirks | None:
    """Lower the limit of tokens, call it by its other name, or leave it out."""
    name = limit_of(sent)
    if not name:
        return None
    lower = _lower(name, sent[name], text)
    if lower:
        return replace(quirks, most_tokens=lower) if lower >= _LEAST_TOKENS else None
    # Anthropic's API, which has `system` beside its messages, always wants a limit.
    if "system" in sent or not _names(name, text):
        return None
    if name == "max_tokens" and not quirks.limit_name:
        return replace(quirks, limit_name="max_completion_tokens")
    return _less(quirks, name)


def _lower(name: str, now: int, text: str) -> int:
    """Return the limit that the complaint asks for; 0 when it is not about its height."""
    if "context" in text and ("completion" in text or name in text):
        return now // 4  # vLLM counts the answer's room in: less of it may already do
    highest = _AT_MOST.search(text) if _names(name, text) else None
    return int(highest[1]) if highest and 0 < int(highest[1]) < now else 0


def _optional(quirks: Quirks, sent: Mapping[str, Any], text: str) -> Quirks | None:
    named = [name for name in _OPTIONAL if name in sent and _names(name, text)]
    return _less(quirks, *named) if named else None


def _system(quirks: Quirks, sent: Mapping[str, Any], text: str) -> Quirks | None:
    messages = sent.get("messages")
    speaks = isinstance(messages, list) and messages[0].get("role") == "system"
    return replace(quirks, no_system=True) if speaks and _SYSTEM.search(text) else None


def _barest(quirks: Quirks, sent: Mapping[str, Any]) -> Quirks | None:
    """Leave out all that is optional: some gateways do not pass on what was refused."""
    names = [name for name in (*_OPTIONAL, limit_of(sent)) if name in sent]
    optional = [name for name in names if name != "max_tokens" or "system" not in sent]
    return _less(quirks, *optional) if optional else None


def _less(quirks: Quirks, *names: str) -> Quirks:
    return replace(quirks, without=(*quirks.without, *names))


def _names(name: str, text: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


class QuirkBook:
    """The quirks of the models that were asked, kept in a file so that each is met once.

    A file that cannot be read or written costs one refused request a process, nothing else.
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, _FILE)
        self._lock = threading.Lock()
        self._known: dict[str, Quirks] | None = None

    def of(self, address: str, model: str) -> Quirks:
        """Return what is known of a model at an address."""
        with self._lock:
            return self._loaded().get(f"{address} {model}", USUAL)

    def remember(self, address: str, model: str, quirks: Quirks) -> None:
        """Keep what worked."""
        with self._lock:
            known = self._loaded()
            known.pop(f"{address} {model}", None)
            known[f"{address} {model}"] = quirks
            recent = list(known.items())[-_MOST_MODELS:]
            with suppress(OSError):
                self._save({key: asdict(value) for key, value in recent})

    def _loaded(self) -> dict[str, Quirks]:
        if self._known is None:
            try:
                with open(self._path, encoding="utf-8") as file:
                    self._known = {key: _quirks(value) for key, value in json.load(file).items()}
            except (OSError, ValueError, TypeError, AttributeError):
                self._known = {}
        return self._known

    def _save(self, content: Mapping[str, object]) -> None:
        make_private_folder(os.path.dirname(self._path))
        partial = f"{self._path}.{os.getpid()}"
        with open(open_private(partial), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        os.replace(partial, self._path)


def _quirks(value: Mapping[str, Any]) -> Quirks:
    return Quirks(**{**value, "without": tuple(value["without"])})
