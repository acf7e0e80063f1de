"""Plant secrets where events come in, and look whether any reached the disk."""

from __future__ import annotations

import os
import secrets
import tempfile
import time

from codemem_core.capture.intake import Intake
from codemem_core.distil import manual
from codemem_core.distil.manual import Note
from codemem_core.plugins.registry import Plugins
from codemem_core.store import events
from codemem_core.store.engine.store import Store


def leaks(plugins: Plugins) -> list[str]:
    """Return the kinds of secrets that got into a database of their own; it is deleted again.

    They go the way of real ones: as events through the installed plugins, and as a memory somebody
    writes. None of them is anybody's.
    """
    planted = _planted()
    said = " and ".join(planted.values())
    with tempfile.TemporaryDirectory(prefix="codemem-canary-") as folder:
        with Store.open(os.path.join(folder, "canary.sqlite")) as store:
            batch = Intake(plugins).raw_events(_delivery(planted, said))
            now_ms = time.time_ns() // 1_000_000
            store.write(lambda db: events.append(db, batch, now_ms=now_ms))
            note = Note(kind="note", title="canary", body=said, origin="user")
            manual.remember(store, note, project=None, cwd=None)
        kept = b"".join(_content(os.path.join(folder, name)) for name in os.listdir(folder))
    return [kind for kind, text in planted.items() if _secret(text).encode() in kept]


def _delivery(planted: dict[str, str], said: str) -> dict[str, object]:
    """Return an event with secrets in every field, known and unknown, and in a key."""
    token = planted["GitHub token"]
    return {
        "session_id": f"canary/{token}",
        "event_id": f"canary.{token}",
        "event_type": "user_prompt",
        "cwd": f"/canary/{token}",
        "project": f"/canary/{token}",
        "payload": {
            "prompt_text": said,
            "password": planted["private"],
            "git_branch": f"canary/{token}",
            "nobody_knows": {"deep": [said, {"name": "DB_PASS", "value": planted["password"]}]},
            said: 1,
        },
    }


def _planted() -> dict[str, str]:
    """Return texts by the kind of secret they hold; each is made up now."""
    random = secrets.token_hex(20)
    return {
        "GitHub token": f"ghp_{random[:36]}",
        "API key": f"sk-ant-api03-{random}{random}",
        "password": f"password={random[::-1]}",
        "address with a password": f"postgres://ada:{random[5:25]}@db.example/shop",
        "private": f"<private>{secrets.token_hex(12)}</private>",
    }


def _secret(text: str) -> str:
    """Return the part of a text that nobody may find."""
    if text.startswith("<private>"):
        return text.removeprefix("<private>").removesuffix("</private>")
    if text.startswith("postgres"):
        return text.partition("ada:")[2].partition("@")[0]
    return text.removeprefix("password=")


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
