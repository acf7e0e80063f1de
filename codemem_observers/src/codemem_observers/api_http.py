"""Ask a model over HTTP, without any vendor's SDK."""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from codemem_core.errors import (
    AuthError,
    PermanentError,
    RateLimited,
    TransientError,
    Unreachable,
)
from codemem_core.observe import provider_of
from codemem_core.records.protocols import ObserveRequest, ObserverReply
from codemem_observers.providers import Endpoint, endpoint

if TYPE_CHECKING:
    import httpx

    from codemem_core.settings import Settings

_CONNECT_S = 5.0
_SILENCE_S = 60.0
"""A reasoning model may think this long before its first byte."""
_TOTAL_S = 120.0
_MOST_BYTES = 2_000_000
"""4,000 tokens are 16 kB; what is longer is no answer."""
_LONGEST_WAIT_S = 86_400.0
_AGAIN = frozenset({408, 409, 425})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")


class ApiHttp:
    """OpenAI, Anthropic and every server that speaks like them.

    A credential goes to the configured host only: redirects are not followed. No error carries
    any text of the server's but a short code, so nothing a server echoes gets into a log.
    """

    def __init__(
        self, settings: Settings, *, silence_s: float = _SILENCE_S, total_s: float = _TOTAL_S
    ) -> None:
        """Keep what the settings say; the limits are seconds of silence and in all."""
        self._settings = settings
        self._silence_s = silence_s
        self._total_s = total_s

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Send the request and return the model's answer."""
        there = endpoint(
            provider_of(self._settings),
            base_url=self._settings.text("observer_base_url"),
            model=request.model,
        )
        status, headers, body = self._post(_url(there), there, request)
        if status != 200:
            raise _failure(status, headers, body, there, request)
        return there.shape.reply(_answer(body))

    def _post(
        self, url: str, there: Endpoint, request: ObserveRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        """Return status, headers and body; raise `TransientError` when the network fails."""
        import httpx  # costs 150 ms, and nothing but this call needs it

        deadline = time.monotonic() + self._total_s
        headers = httpx.Headers(
            there.shape.headers(request.credential.token if request.credential else "")
        )
        headers.update(request.headers)
        body = there.shape.body(request, there.model, self._settings.number("observer_max_tokens"))
        try:
            with (
                httpx.Client(timeout=httpx.Timeout(self._silence_s, connect=_CONNECT_S)) as client,
                client.stream("POST", url, headers=headers, json=body) as response,
            ):
                return response.status_code, response.headers, _read(response, deadline)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the kind of failure: httpx quotes header values in some messages.
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            failure = Unreachable if unsent else TransientError
            kind = type(error).__name__
            raise failure(f"no answer from `{urlsplit(url).hostname}`: {kind}") from None


def _url(there: Endpoint) -> str:
    """Return the address to post to; refuse one that is no web address or holds a password."""
    try:
        parts = urlsplit(there.base_url)
    except ValueError:  # half an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise PermanentError(
            "`observer_base_url` is not an http or https address without a password",
            hint="for example `https://gateway.example/v1`",
        )
    return there.base_url.rstrip("/") + there.shape.path


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise PermanentError(f"the answer is longer than {_MOST_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise TransientError("the answer took too long")
    return bytes(body)


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise TransientError("the provider's answer is not a JSON object")
    return answer


def _failure(
    status: int, headers: httpx.Headers, body: bytes, there: Endpoint, request: ObserveRequest
) -> Exception:
    """Return the error class an HTTP status stands for."""
    host = urlsplit(there.base_url).hostname
    message = f"`{host}` answered {status}{_code(body, request)} for model `{there.model}`"
    wait_s = _retry_after(headers.get("retry-after", ""))
    if status in {401, 403}:
        return AuthError(message)
    if status == 429 or (status >= 500 and wait_s is not None):
        return RateLimited(message, retry_after_s=wait_s)
    if status >= 500 or status in _AGAIN:
        return TransientError(message)
    if 300 <= status < 400:
        return PermanentError(message, hint="redirects are not followed: set the final address")
    return PermanentError(message)


def _code(body: bytes, request: ObserveRequest) -> str:
    """Return the provider's short error code in brackets, never its free text."""
    try:
        error = _answer(body).get("error")
    except TransientError:
        return ""
    if not isinstance(error, dict):
        return ""
    code = error.get("code") or error.get("type")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return ""
    if request.credential and request.credential.token in code:
        return ""
    return f" ({code})"


def _retry_after(value: str) -> float | None:
    """Return the seconds a `Retry-After` header asks for, as a number or a date."""
    try:
        if value[:1].isdigit():
            wait_s = float(value)
        else:
            wait_s = parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None
    return min(max(0.0, wait_s), _LONGEST_WAIT_S)
