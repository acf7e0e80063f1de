"""Who may come in over TCP: a token for programs, and keys for the tabs of a browser.

A link holds a code that is good for one exchange, so neither the browser's history nor a program
that takes the port after the server can use it. The key a tab gets for it is known to this process
alone and dies with it.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

CODE_S = 600.0
"""How long a link can be opened."""
MAX_CODES = 32
MAX_KEYS = 256
"""More tabs than anybody opens; the oldest goes first."""
_BYTES = 32


class Keys:
    """The token, the codes that were handed out and the keys that were given for them."""

    def __init__(self, token: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token.encode()
        self._clock = clock
        self._codes: dict[str, float] = {}
        self._keys: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def accepts(self, credential: bytes) -> bool:
        """Return whether `credential` is the token or a key that a tab was given."""
        # A key is looked up by its hash table, not compared byte by byte: 256 random bits.
        return hmac.compare_digest(credential, self._token) or credential in self._keys

    def new_code(self) -> str:
        """Return a code for one link."""
        code = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._codes[code] = self._clock()
            while len(self._codes) > MAX_CODES:
                del self._codes[next(iter(self._codes))]
        return code

    def exchange(self, code: str) -> str | None:
        """Return a key for an unused code, or for the token itself; None for anything else."""
        with self._lock:
            made = self._codes.pop(code, None)
            fresh = made is not None and self._clock() - made <= CODE_S
            if not fresh and not hmac.compare_digest(code.encode(), self._token):
                return None
            key = secrets.token_urlsafe(_BYTES)
            self._keys[key.encode()] = None
            while len(self._keys) > MAX_KEYS:
                del self._keys[next(iter(self._keys))]
        return key
