"""Keys: what opens the TCP door, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from codemem_viewer.keys import CODE_S, MAX_CODES, Keys


class Clock:
    """A clock that stands until it is set."""

    now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def test_code_is_exchanged_once() -> None:
    """The second one who has it gets nothing."""
    keys = Keys("token")
    code = keys.new_code()

    key = keys.exchange(code)

    assert key is not None
    assert keys.accepts(key.encode())
    assert keys.exchange(code) is None


def test_code_itself_opens_nothing() -> None:
    """It is in the browser's history."""
    keys = Keys("token")

    assert not keys.accepts(keys.new_code().encode())


def test_old_code_is_refused() -> None:
    """A link is for now."""
    clock = Clock()
    keys = Keys("token", clock=clock)
    code = keys.new_code()
    clock.now_s = CODE_S + 1

    assert keys.exchange(code) is None


def test_key_of_another_server_process_is_refused() -> None:
    """Keys die with the server, whoever was shown them."""
    before, after = Keys("token"), Keys("token")
    key = before.exchange(before.new_code())

    assert key is not None
    assert not after.accepts(key.encode())


def test_oldest_code_makes_room() -> None:
    """Asking for codes does not fill the memory."""
    keys = Keys("token")
    first = keys.new_code()
    last = [keys.new_code() for _ in range(MAX_CODES)][-1]

    assert keys.exchange(first) is None
    assert keys.exchange(last) is not None


@pytest.mark.parametrize("weak", ["1", "secret", "a" * 64, "abcabcabcabcabcabcabcabcabc"])
def test_token_that_can_be_guessed_closes_tcp_and_is_named(machine: Any, weak: str) -> None:
    """Hooks go on by the socket; `serve status` says why there are no pages."""
    machine.start(CODEMEM_VIEWER_TOKEN=weak)

    told = machine.serve("status").stdout

    assert "its pages cannot be opened: `CODEMEM_VIEWER_TOKEN` is too short to be a secret" in told
    assert "http://" not in told
    with machine.unix() as client:
        assert client.get("/api/stats").status_code == 200


def test_link_opens_over_tcp_once(machine: Any) -> None:
    """A key comes back for the code, and is good for the API."""
    machine.start()
    with machine.unix() as client:
        code = client.post("/api/links", json={}).json()["code"]
    with machine.tcp(Authorization="") as browser:
        first = browser.post("/api/links/open", json={"code": code})
        second = browser.post("/api/links/open", json={"code": code})
    with machine.tcp(Authorization=f"Bearer {first.json()['key']}") as tab:
        read = tab.get("/api/stats")

    assert (first.status_code, second.status_code, read.status_code) == (200, 401, 200)
