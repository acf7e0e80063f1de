"""Which addresses may be asked: 40 spellings of places where a credential must not go."""

import pytest

from codemem_core.errors import Misconfigured
from codemem_observers.url_policy import checked

CANARY = "sk-canary-7f3a"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://gateway.example:8443/v1/",
        "https://10.1.2.3/v1",
        "https://[2606:4700::1111]/v1",
        "https://xn--bcher-kva.example/v1",
        "http://127.0.0.1:11434/v1",
        "http://127.1.2.3/v1",
        "http://localhost:8080",
        "http://[::1]:8080/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://nas.local:11434/v1",
        "http://192.168.1.10/v1",
        "https://169.com/v1",
    ],
)
def test_usual_addresses_pass(url: str) -> None:
    """Encrypted ones, this machine, and what the user listed."""
    hosts = ["NAS.local", "192.168.1.10"]

    assert checked(url, setting="x", plain_hosts=hosts) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        # the cloud's metadata, in the spellings programs understand
        "https://169.254.169.254/latest",
        "http://169.254.169.254/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://metadata.google.internal/",
        "https://metadata.google.internal./",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0xa9.0xfe.0xa9.0xfe/",
        "https://0251.0376.0251.0376/",
        "https://169.254.43518/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://224.0.0.1/",
        # this machine, but not as one writes it
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://localhost./",
        "http://localhost.evil.example/",
        # not encrypted
        "http://gateway.example/v1",
        "http://10.0.0.1/v1",
        "http://192.168.1.11/v1",
        # not what it looks like
        f"https://user:{CANARY}@x.example/",
        f"https://{CANARY}@x.example/",
        "https://api.openai.com\\@evil.example/",
        "https://api.openai.com\t.evil.example/",
        "https://api.openai.com/v1?x=",
        "https://api.openai.com/v1#x",
        "https://\u0430pi.openai.com/v1",
        "https://\uff41pi.example/",
        "https://x.example:0/",
        "https://x.example:99999/",
        "https://x.example:http/",
        # no web address
        "file:///etc/passwd",
        "ftp://x.example/",
        "gopher://127.0.0.1:6379/_",
        "//x.example/v1",
        "gateway.example",
        "https://",
        "https:///v1",
        "http://[::1",
        "",
    ],
)
def test_an_address_that_must_not_be_asked(url: str) -> None:
    """The message names the setting and shows nothing of the value: it may hold a password."""
    with pytest.raises(Misconfigured, match="observer_base_url") as caught:
        checked(url, setting="observer_base_url", plain_hosts=["192.168.1.10"])

    assert CANARY not in str(caught.value)
