"""An HTTP client that reaches this machine directly, and says which variable is wrong.

httpx takes proxies and certificates from the environment when a client is made, for every address
at once; what it cannot read there raises errors of many classes, or fails at the first request.
"""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codemem_core.api import Misconfigured

if TYPE_CHECKING:
    import httpx

_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def client(url: str, timeout: httpx.Timeout) -> httpx.Client:
    """Return a client for an address; raises `Misconfigured` when the environment's is unusable.

    This machine is never asked through a proxy, which would be told every prompt.
    """
    import httpx  # costs 150 ms, and only requests need it

    if is_loopback(url):
        return httpx.Client(timeout=timeout, trust_env=False)
    try:
        return httpx.Client(timeout=timeout)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        raise Misconfigured(
            f"the settings for proxies or certificates cannot be used: {_named()}",
            hint=f"correct or unset them ({type(error).__name__})",
        ) from None


def is_loopback(url: str) -> bool:
    """Say whether an address is one of this machine's own."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return False


def _named() -> str:
    """Return the variables that are set, without their values: they may hold a password."""
    names = [*_PROXIES, *(name.lower() for name in _PROXIES), *_CERTIFICATES]
    return ", ".join(f"`{name}`" for name in names if os.environ.get(name)) or "none is set"
