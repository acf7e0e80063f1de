"""Ask a model over HTTP, without any vendor's SDK."""

from __future__ import annotations

import logging
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codemem_core.errors import (
    AuthError,
    Misconfigured,
    ObserverError,
    PermanentError,
    RateLimited,
    TransientError,
    Unreachable,
)
from codemem_core.records.protocols import ObserveRequest, ObserverReply
from codemem_observers.endpoints import Endpoint, endpoint
from codemem_observers.http_client import client
from codemem_observers.providers import read_object
from codemem_observers.url_policy import checked

if TYPE_CHECKING:
    import httpx

    from codemem_core.config.settings import Settings

_CONNECT_S = 5.0
_SILENCE_S = 60.0
"""A reasoning model may think this long before its first byte."""
_TOTAL_S = 120.0
_MOST_BYTES = 2_000_000
"""4,000 tokens are 16 kB; what is longer is no answer."""
_LONGEST_WAIT_S = 86_400.0
_AGAIN = frozenset({408, 409, 425})
_SETUP = frozenset({402, 404, 405, 410})
"""No money, no such model, no such address: nothing is wrong with what was sent."""
# `insufficient_quota`, `RESOURCE_EXHAUSTED`: words. With a digit it might be a key sent back.
_CODE = re.compile(r"(?=.{1,60}\Z)[A-Za-z]+(?:_[A-Za-z]+)*")


class ApiHttp:
    """OpenAI, Anthropic and every server that speaks like them.

    A credential goes to the configured host only: redirects are not followed. No error carries
    any text of the server's but a short code, so nothing a server echoes gets into a log.
    """

    def __init__(
        self, settings: Settings, *, silence_s: float = _SILENCE_S, total_s: float = _TOTAL_S
    ) -> None:
        """Keep what the settings say; the limits are seconds of silence and in all."""
        # It writes every header down, and a server may send a key back in one.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        self._settings = settings
        self._silence_s = silence_s
        self._total_s = total_s

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Send the request and return the model's answer."""
        there = endpoint(self._settings, request)
        plain_hosts = self._settings.names("observer_plain_hosts")
        url = checked(there.base_url, setting=there.setting, plain_hosts=plain_hosts)
        status, headers, body = self._post(url + there.shape.path, there, request)
        if status != 200:
            raise _failure(status, headers, body, there, request)
        try:
            return there.shape.reply(body)
        except ObserverError as error:
            raise error.at_a_cost() from None

    def model_for(self, request: ObserveRequest) -> str:
        """Return the model that will be asked, by the provider's name of it."""
        return endpoint(self._settings, request).model

    def _post(
        self, url: str, there: Endpoint, request: ObserveRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        """Return status, headers and body; raise `TransientError` when the network fails."""
        import httpx  # costs 150 ms, and nothing but this call needs it

        deadline = time.monotonic() + self._total_s
        headers = httpx.Headers(there.shape.headers(request.credential))
        headers.update(there.headers)
        headers.update(request.headers)
        body = there.shape.body(request, there.model, self._settings.number("observer_max_tokens"))
        try:
            with (
                client(url, httpx.Timeout(self._silence_s, connect=_CONNECT_S)) as connection,
                connection.stream("POST", url, headers=headers, json=body) as response,
            ):
                return response.status_code, response.headers, _read(response, deadline)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the kind of failure: httpx quotes header values in some messages.
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            message = f"no answer from `{urlsplit(url).hostname}`: {type(error).__name__}"
            if unsent:
                raise Unreachable(message) from None
            raise TransientError(message).at_a_cost() from None


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise PermanentError(f"the answer is longer than {_MOST_BYTES:,} bytes").at_a_cost()
        if time.monotonic() > deadline:
            raise TransientError("the answer took too long").at_a_cost()
    return bytes(body)


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
        return Misconfigured(message, hint="redirects are not followed: set the final address")
    return (Misconfigured if status in _SETUP else PermanentError)(message)


def _code(body: bytes, request: ObserveRequest) -> str:
    """Return the provider's short error code in brackets, never its free text."""
    try:
        error = read_object(body).get("error")
    except TransientError:
        return ""
    if not isinstance(error, dict):
        return ""
    code = error.get("code") or error.get("type")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return ""
    token = request.credential.token if request.credential else ""
    secrets = [secret for secret in (token, *request.headers.values()) if secret]
    echoed = any(code in secret or secret in code for secret in secrets)
    return "" if echoed else f" ({code})"


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
