"""Vectors from any server that speaks OpenAI's `/embeddings`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codemem_core.api import AuthError, PermanentError, SettingsError, TransientError
from codemem_observers.http_client import client

if TYPE_CHECKING:
    from codemem_core.api import Settings

_TIMEOUT_S = 20.0
_REFUSED = frozenset({401, 403})
_AGAIN = frozenset({408, 409, 425, 429})


class EmbeddingEndpoint:
    """The server at `embedding_base_url`; the key goes there only, redirects are not followed."""

    def __init__(self, settings: Settings) -> None:
        """Read where it is; raises `SettingsError` when nobody said."""
        base = settings.text("embedding_base_url")
        if not base:
            raise SettingsError(
                "no server for embeddings is named", hint="set CODEMEM_EMBEDDING_BASE_URL"
            )
        self._url = f"{base.rstrip('/')}/embeddings"
        self._key = settings.text("embedding_api_key")
        self._model = settings.text("embedding_model") or ""

    @property
    def model(self) -> str:
        """The model's name; such a server has no revision to tell."""
        return f"{self._model}@endpoint"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return the server's vectors; it is told nothing about questions."""
        del query
        if not texts:
            return []
        import httpx  # 150 ms, and nothing but this call needs it

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        asked = {"model": self._model, "input": list(texts)}
        try:
            with client(self._url, httpx.Timeout(_TIMEOUT_S)) as connection:
                answer = connection.post(self._url, json=asked, headers=headers)
        except httpx.HTTPError as error:
            # Only the kind of failure: httpx quotes header values in some messages.
            raise TransientError(f"no answer for embeddings: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise _failure(answer.status_code)
        return _vectors(answer, len(texts))


def _failure(status: int) -> AuthError | PermanentError | TransientError:
    if status in _REFUSED:
        return AuthError(f"the embeddings server refused the key: {status}")
    if status in _AGAIN or status >= 500:
        return TransientError(f"the embeddings server answered {status}")
    return PermanentError(f"the embeddings server answered {status}")


def _vectors(answer: Any, count: int) -> list[list[float]]:  # noqa: ANN401 - an httpx response
    try:
        rows = sorted(answer.json()["data"], key=lambda row: row["index"])
        found = [[float(value) for value in row["embedding"]] for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentError("the embeddings server sent no vectors") from error
    if len(found) != count or len({len(vector) for vector in found}) != 1:
        raise PermanentError(f"the embeddings server sent {len(found)} vectors for {count} texts")
    return found
