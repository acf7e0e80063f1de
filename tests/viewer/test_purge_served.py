"""`codemem purge` while a server runs: nothing it keeps brings the secret back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

PLAIN = "correct-horse-battery-9"
READ = (
    "/api/memories",
    "/api/pack?context=horse",
    "/api/raw-events",
    "/api/sessions",
    "/api/pages/memories",
    "/api/pages/session?id=1",
)


def codemem(machine: Any, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of this user."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "codemem_cli", *arguments],
        env=machine.environ,
        cwd=machine.path,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_purge_reaches_what_a_running_server_holds(
    machine: Any, event: Callable[..., dict[str, Any]]
) -> None:
    """Its caches, its open connections and its log; and it goes on storing."""
    machine.start()
    payload = {"type": "user_prompt", "prompt_text": f"the horse says {PLAIN}"}
    codemem(machine, "remember", "note", "The horse", f"it says {PLAIN}")
    with machine.unix() as api:
        api.post("/api/raw-events", json=event("s1", payload=payload))
        before = [api.get(page).text for page in READ]
        done = codemem(machine, "purge", "--yes", text=PLAIN)
        after = [api.get(page).text for page in READ]
        stored = api.post("/api/raw-events", json=event("s1", 1)).json()

    assert sum(PLAIN in page for page in before) > 2
    assert done.returncode == 0, done.stderr
    assert all(PLAIN not in page for page in after)
    assert stored["inserted"] == 1
    files = [path for path in machine.path.rglob("*") if path.is_file()]
    assert [path for path in files if PLAIN.encode() in path.read_bytes()] == []
