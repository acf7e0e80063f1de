"""Whether an address may be asked, before a credential goes there.

What is refused: an address that hides where it leads, the addresses of a machine's own cloud
metadata, and plain `http` to anything but this machine. Behind `https` the certificate proves the
name, so a name that resolves to somewhere else gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from codemem_core.api import Misconfigured

_PLAIN = re.compile(r"[!#-\[\]_a-z~]+", re.IGNORECASE)  # ASCII without blanks, quotes, `\ ^ | { }`
_VERSION = re.compile(r"(?:api-version=[\w.-]{0,40})?")
_METADATA = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_METADATA_ADDRESSES = frozenset({"100.100.100.200", "fd00:ec2::254", "168.63.129.16"})
# Programs read a name whose last part is a number as an address: 0x7f.1 is 127.0.0.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|\d+)\.?", re.IGNORECASE)


def checked(url: str, *, setting: str, plain_hosts: Collection[str] = ()) -> str:
    """Return the URL without a slash at its end; raises `Misconfigured` that does not show it.

    Of a query only Azure's `api-version` is taken: others may hold a key. `plain_hosts` are hosts
    the user trusts without encryption, beside this machine.
    """
    try:
        parts = urlsplit(url)
        problem = _problem(url, parts, {host.lower() for host in plain_hosts})
    except ValueError:  # half an IPv6 address, a port that is no number
        problem = "is not an http or https address without a password"
    if problem:
        raise Misconfigured(
            f"`{setting}` {problem}", hint="for example `https://gateway.example/v1`"
        )
    return url.rstrip("/")


def _problem(url: str, parts: SplitResult, plain_hosts: Collection[str]) -> str:
    host = parts.hostname or ""
    well_formed = _PLAIN.fullmatch(url) and parts.scheme in {"http", "https"} and host
    if (
        not (well_formed and _VERSION.fullmatch(parts.query))
        or "@" in parts.netloc
        or parts.fragment
        or parts.port == 0
    ):
        return "is not an http or https address without a password"
    address = _address(host)
    if "%" in host or (address is None and _NUMBER.fullmatch(host)):
        return "does not say its host in the usual way"
    if host.rstrip(".") in _METADATA or (address is not None and _never(address)):
        return "leads to an address no model answers at"
    local = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not local and host not in plain_hosts:
        return "is not encrypted: use https, or add its host to `observer_plain_hosts`"
    return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _never(address: IPv4Address | IPv6Address) -> bool:
    if address.is_loopback:
        return False
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or str(address) in _METADATA_ADDRESSES
    )
