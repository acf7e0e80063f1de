"""What a provider complains of, and which of our errors that is.

Providers, gateways and local servers agree on neither status nor form: the same complaint comes as
a 400, a 500 or inside a 200, as `{"error": {...}}`, `{"error": "text"}` or `{"detail": [...]}`. So
the text is searched for what it says. It is never shown: it may hold a key or a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codemem_core.api import (
    AuthError,
    ContextTooLong,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
)
from codemem_observers.answers import as_list, as_object, first, read_answer

_AGAIN = frozenset({408, 409, 425})
_SETUP = frozenset({402, 404, 405, 410})
"""No money, no such model, no such address: nothing is wrong with what was sent."""
# `insufficient_quota`, `RESOURCE_EXHAUSTED`: words. With a digit it might be a key sent back.
_CODE = re.compile(r"(?=.{1,60}\Z)[A-Za-z]+(?:_[A-Za-z]+)*")
_ECHOED = frozenset({"input", "body", "request"})
"""Where validators repeat what was sent; its words are not the server's."""
_LONGEST = 20_000
_LONGEST_TEXT = 2_000

_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|maximum context|max_model_len|exceed_context"
    r"|(?:prompt|input|request|messages?)[\w ]{0,30} (?:is |are )?too (?:long|large)"
    r"|too many (?:input |prompt )?tokens|reduce the length|request_too_large"
)
_MODEL = re.compile(
    r"model[\w ]{0,20} (?:not|isn't) (?:found|exist|supported|available|loaded)"
    r"|not a valid model|invalid model|unknown model|no such model|model_not_found"
    r"|no models? loaded"
    r"|model\b.{0,90}\b(?:does not|doesn't) exist|model\b.{0,90}\bnot found|unexpected endpoint"
)
_MONEY = re.compile(
    r"credit balance|insufficient (?:funds|balance|credits)|billing|payment required"
)
_KEY = re.compile(
    r"\b(?:unauthorized|unauthenticated|authentication|permission_denied)\b"
    r"|(?:api[ _]?key|token|credentials?)[\w' ]{0,40}"
    r" (?:invalid|incorrect|missing|required|expired|not valid|not found|found)"
    r"|(?:invalid|incorrect|missing|no|expired|provide)[\w' ]{0,20}"
    r" (?:api[ _]?key|auth|token|credentials?)"
)
_WAIT = re.compile(
    r"rate[ _-]?limit|too many requests|quota|resource_exhausted|throttl|usage_limit_reached"
)

_BY_TEXT: tuple[tuple[re.Pattern[str], type[ObserverError]], ...] = (
    (_CONTEXT, ContextTooLong),
    (_MODEL, Misconfigured),
    (_MONEY, Misconfigured),
    (_KEY, AuthError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a provider says is wrong."""

    status: int
    """The HTTP status, or the one that the body of a 200 names; 0 when it names none."""
    inside_200: bool = False
    code: str = ""
    """The provider's short code, which may be shown."""
    text: str = ""
    """Everything it says, in lower case: to be searched and never shown."""


def complaint_of(status: int, body: bytes) -> Complaint | None:
    """Return what is wrong with an answer; None when it is none or cannot be read."""
    try:
        answer = read_answer(body)
    except TransientError:
        answer = {}
    error = _error_in(answer)
    if status == 200 and error is None:
        return None
    names = [as_object(error).get(name) for name in ("code", "type", "status")]
    named = _status(names) if status == 200 else status
    codes = [code for name in names if (code := _code(name)) and code != str(named)]
    return Complaint(
        status=named,
        inside_200=status == 200,
        code=next(iter(codes), ""),
        text="\n".join(_strings(answer or body.decode(errors="replace")))[:_LONGEST].lower(),
    )


def _strings(value: object, *, depth: int = 6) -> Iterator[str]:
    """Yield every text of a complaint, but for what it repeats of our request."""
    if isinstance(value, str):
        yield value[:_LONGEST_TEXT]
    elif isinstance(value, Mapping) and depth:
        for name, entry in value.items():
            if name not in _ECHOED:
                yield from _strings(entry, depth=depth - 1)
    elif isinstance(value, list) and depth:
        for entry in value:
            yield from _strings(entry, depth=depth - 1)


def _error_in(answer: Mapping[str, Any]) -> object:
    """Return the error of an answer, in whatever place it stands; None when there is none."""
    error = answer.get("error") or first(answer.get("choices")).get("error")
    if error:
        return error
    if "error" in {answer.get("type"), answer.get("object")}:
        return answer
    if answer.get("detail") and not as_list(answer.get("choices")):
        return {}
    return None


def _status(names: list[object]) -> int:
    for name in names:
        if str(name).isdigit() and 400 <= int(str(name)) < 600:
            return int(str(name))
    return 0


def _code(name: object) -> str:
    """Return a short code as it may be shown; a number is one, free text is not."""
    text = str(name) if isinstance(name, str | int) else ""
    return text if _CODE.fullmatch(text) or (text.isdigit() and len(text) == 3) else ""


def error_of(
    complaint: Complaint, *, host: str, model: str, address: str, retry_after_s: float | None
) -> ObserverError:
    """Return the complaint as the error it stands for."""
    message = f"{_answered(complaint, host)} for model `{model}`"
    kind = _kind(complaint, retry_after_s)
    if kind is RateLimited:
        return RateLimited(message, retry_after_s=retry_after_s)
    if complaint.status in {404, 405} or (kind is Misconfigured and not complaint.status):
        return Misconfigured(
            f"{message} at `{address}`",
            hint="a base URL usually ends in `/v1`; check it and the model's name",
        )
    if 300 <= complaint.status < 400:
        return Misconfigured(message, hint="redirects are not followed: set the final address")
    return kind(message)


def _answered(complaint: Complaint, host: str) -> str:
    shown = f" ({complaint.code})" if complaint.code else ""
    if not complaint.inside_200:
        return f"`{host}` answered {complaint.status}{shown}"
    number = f" {complaint.status}" if complaint.status else ""
    return f"`{host}` answered 200 with an error{number}{shown}"


def _kind(complaint: Complaint, retry_after_s: float | None) -> type[ObserverError]:
    """Return the class: what the status leaves open, the text decides."""
    status = complaint.status
    if status in {401, 403}:
        return AuthError
    if status == 429 or (status >= 500 and retry_after_s is not None):
        return RateLimited
    if status == 413 or (status >= 500 and _CONTEXT.search(complaint.text)):
        return ContextTooLong
    if status >= 500 or status in _AGAIN:
        return TransientError
    if status in _SETUP or 300 <= status < 400:
        return Misconfigured
    return _by_text(complaint)


def is_unexplained(complaint: Complaint) -> bool:
    """Say whether a refusal gives no reason that is known."""
    return _by_text(complaint) is PermanentError


def _by_text(complaint: Complaint) -> type[ObserverError]:
    for says, kind in _BY_TEXT:
        if says.search(complaint.text):
            return kind
    if complaint.status:
        return PermanentError
    return RateLimited if _WAIT.search(complaint.text) else TransientError
