"""A model on this machine is reached directly; a broken proxy setting is one line."""

from __future__ import annotations

import httpx
import pytest

from codemem_core.errors import Misconfigured
from codemem_observers.http_client import client, is_loopback

HERE = ["http://127.0.0.1:11434/v1", "http://localhost/v1", "http://[::1]:8080", "http://127.9.9.9"]
BROKEN = [
    ("ALL_PROXY", "socks5://127.0.0.1:9"),
    ("NO_PROXY", "localhost,127.0.0.1,[::1]"),
    ("NO_PROXY", "10.0.0.0/8,fd00::/8"),
    ("SSL_CERT_FILE", "/no/such.pem"),
]
LIMIT = httpx.Timeout(1)


@pytest.mark.parametrize("url", HERE)
@pytest.mark.parametrize(("name", "value"), [*BROKEN, ("HTTP_PROXY", "http://127.0.0.1:9")])
def test_this_machine_is_asked_directly(
    monkeypatch: pytest.MonkeyPatch, url: str, name: str, value: str
) -> None:
    """No variable of the environment stands between codemem and a model of the user's own."""
    monkeypatch.setenv(name, value)

    with client(url, LIMIT) as connection:
        assert connection.trust_env is False


@pytest.mark.parametrize(("name", "value"), [BROKEN[0], BROKEN[3]])
def test_a_broken_variable_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A proxy's address may hold a password."""
    monkeypatch.setenv(name, value)

    with pytest.raises(Misconfigured, match=f"cannot be used: .*`{name}`") as caught:
        client("https://api.example/v1", LIMIT)

    assert value not in str(caught.value)


def test_other_addresses_are_not_this_machine() -> None:
    """Names and numbers that only look alike."""
    assert not any(map(is_loopback, ["https://localhost.example", "http://128.0.0.1", "http://x"]))
