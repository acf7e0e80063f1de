"""Ask a model over HTTP, without any vendor's SDK."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from codemem_core.api import (
    ObserveRequest,
    ObserverError,
    ObserverReply,
    PermanentError,
    TransientError,
    Unreachable,
    database_path,
)
from codemem_observers.complaints import Complaint, complaint_of, error_of
from codemem_observers.endpoints import Endpoint, endpoint
from codemem_observers.http_client import client
from codemem_observers.quirks import QuirkBook, adapted, amended
from codemem_observers.url_policy import checked

if TYPE_CHECKING:
    import httpx

    from codemem_core.api import Settings

_CONNECT_S = 5.0
_SILENCE_S = 60.0
"""A reasoning model may think this long before its first byte."""
_TOTAL_S = 120.0
_MOST_BYTES = 2_000_000
"""4,000 tokens are 16 kB; what is longer is no answer."""
_LONGEST_WAIT_S = 86_400.0
_MOST_AMENDMENTS = 6
"""Refused requests that are sent again without what was refused."""


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
        self._quirks = QuirkBook(os.path.dirname(database_path(settings)))

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Send the request and return the model's answer.

        A request that is refused for one of its parameters is sent again without it, and the next
        one to the same model begins that way.
        """
        there = endpoint(self._settings, request)
        plain_hosts = self._settings.names("observer_plain_hosts")
        checked(there.base_url, setting=there.setting, plain_hosts=plain_hosts)
        quirks = self._quirks.of(there.address, there.model)
        for amendments in count():
            sent = adapted(self._body(there, request), quirks)
            status, headers, body = self._post(there, request, sent)
            complaint = complaint_of(status, body)
            if complaint is None:
                break
            better = amended(quirks, sent, complaint) if amendments < _MOST_AMENDMENTS else None
            if better is None:
                raise _failure(complaint, headers, there, request)
            quirks = better
        if amendments:
            self._quirks.remember(there.address, there.model, quirks)
        return _reply(there, body)

    def model_for(self, request: ObserveRequest) -> str:
        """Return the model that will be asked, by the provider's name of it."""
        return endpoint(self._settings, request).model

    def _body(self, there: Endpoint, request: ObserveRequest) -> dict[str, Any]:
        max_tokens = request.max_tokens or self._settings.number("observer_max_tokens")
        return there.shape.body(request, there.model, max_tokens)

    def _patience(self, request: ObserveRequest) -> int:
        """Return how many times longer a longer answer may take, so that a flush still ends."""
        usual = self._settings.number("observer_max_tokens")
        return 2 if (request.max_tokens or usual) > usual else 1

    def _post(
        self, there: Endpoint, request: ObserveRequest, body: Mapping[str, Any]
    ) -> tuple[int, httpx.Headers, bytes]:
        """Return status, headers and body; raise `TransientError` when the network fails."""
        import httpx  # costs 150 ms, and nothing but this call needs it

        deadline = time.monotonic() + self._total_s * self._patience(request)
        headers = httpx.Headers(there.shape.headers(request.credential))
        headers.update(there.headers)
        headers.update(request.headers)
        try:
            with (
                client(
                    there.address, httpx.Timeout(self._silence_s, connect=_CONNECT_S)
                ) as connection,
                connection.stream("POST", there.address, headers=headers, json=body) as response,
            ):
                return response.status_code, response.headers, _read(response, deadline)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the kind of failure: httpx quotes header values in some messages.
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            message = f"no answer from `{there.host}`: {type(error).__name__}"
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


def _reply(there: Endpoint, body: bytes) -> ObserverReply:
    try:
        return replace(there.shape.reply(body), address=there.address)
    except ObserverError as error:
        raise error.at_a_cost() from None


def _failure(
    complaint: Complaint, headers: httpx.Headers, there: Endpoint, request: ObserveRequest
) -> ObserverError:
    return error_of(
        replace(complaint, code=_unless_secret(complaint.code, request)),
        host=there.host,
        model=there.model,
        address=there.address,
        retry_after_s=_retry_after(headers.get("retry-after", "")),
    )


def _unless_secret(code: str, request: ObserveRequest) -> str:
    """Return a provider's code, or nothing when it repeats a secret that was sent."""
    token = request.credential.token if request.credential else ""
    secrets = [secret for secret in (token, *request.headers.values()) if secret]
    return "" if any(code in secret or secret in code for secret in secrets) else code


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
