"""What happened today: a long session, what it was given and used, a rule, a project card."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import apsw

from codemem_claude.tools import typed
from codemem_core.capture.note_reader import told
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, memories, receipts, sessions
from codemem_core.store.batches import claim, finish
from codemem_core.store.engine.store import Store

KEY = ("claude", "today-0c41")
FOLDER = "/home/ada/shop-web"
MARKDOWN = """The button **posts** the form; `steps.tsx` holds the steps:

1. address
2. payment

| field | where |
|---|---|
| `vat_id` | address |

<script>window.pwned = 1</script> [docs](https://example.invalid/) [bad](javascript:alert)
"""


def fill_today(store: Store, *, now_ms: int) -> int:
    """Write it, the last event a minute ago; return the session's id."""
    return store.write(lambda db: _fill(db, now_ms))


def _fill(db: apsw.Connection, now_ms: int) -> int:
    began = now_ms - 1_800_000
    events.append(db, list(_events(began)), now_ms=now_ms)
    taken = claim(db, KEY, extractor="observe-1", max_events=0, now_ms=now_ms)
    assert taken is not None
    finish(db, taken, now_ms=now_ms)
    session = sessions.of_stream(db, KEY, project="shop-web", cwd=FOLDER, started_ms=began)
    for new in _memories(began):
        memories.add(db, new, session_id=session, now_ms=now_ms)
    pack = {"ids": [1, 2], "tokens": 210, "project": "shop-web", "hook": "UserPromptSubmit"}
    told(db, KEY, pack, at_ms=began + 500)
    receipts.use(db, KEY, [receipts.Use(memory_id=2, at_ms=began + 60_000, how="files")])
    return session


def _memories(began: int) -> Iterator[NewMemory]:
    place: dict[str, Any] = {"extractor": "extractive", "origin": "user"}
    yield NewMemory(
        key="today-rule", kind="preference", title="Always use pnpm in this repository",
        body="Always use pnpm in this repository.", created_ms=began + 400, **place,
    )  # fmt: skip
    yield NewMemory(
        key="today-card", kind="discovery", title="How to build, test and run shop-web",
        body="Build: `pnpm build`\nTests: `pnpm test`", concepts=("project-card",),
        created_ms=began + 900_000, **place,
    )  # fmt: skip
    yield NewMemory(
        key="today-change", kind="change", title="The checkout works without JavaScript",
        body=MARKDOWN, files_modified=("web/checkout/steps.tsx",), created_ms=began + 1_500_000,
        metadata={"evidence": [0, 8]}, **place,
    )  # fmt: skip
    summary = {
        "request": "Make the checkout work without JavaScript.",
        "completed": "Every step is a form. Commits: Checkout without scripts (5f2d9a1).",
        "next_steps": "- Try it with a screen reader.",
    }
    yield NewMemory(
        key="today-summary", kind="session_summary", title="Make the checkout work without scripts",
        body="## Request\nMake the checkout work without JavaScript.", metadata=summary,
        created_ms=began + 1_700_000, **place,
    )  # fmt: skip


def _tool(name: str, given: dict[str, Any], output: str, error: str = "") -> tuple[str, Any]:
    payload = {"tool_name": name, "tool_input": given, "tool_output": output}
    failed = {"tool_error": error} if error else {}
    return "tool_result", typed(payload | failed | {"status": "error" if error else "ok"})


def _payloads() -> Iterator[tuple[str, dict[str, Any]]]:
    steps = f"{FOLDER}/web/checkout/steps.tsx"
    yield "prompt", {"text": "Make the checkout work without JavaScript. Always use pnpm here."}
    yield "assistant", {"text": "I look at the steps first.", "final": False}
    for name in ("steps", "address", "payment"):
        yield _tool("Read", {"file_path": f"{FOLDER}/web/checkout/{name}.tsx"}, "export …")
    yield _tool("Edit", {"file_path": steps}, f"--- {steps}\n+++ {steps}\n+<form>")
    yield _tool("Bash", {"command": f"cd {FOLDER} && pnpm test"}, "", "1 failed, 30 passed")
    yield _tool("Edit", {"file_path": steps}, f"--- {steps}\n+++ {steps}\n+<button>")
    yield _tool("Bash", {"command": "pnpm test"}, '{"stdout": "31 passed", "stderr": ""}')
    yield "assistant", {"text": "Every step is a **form** now.", "final": True}
    yield "prompt", {"text": "commit"}
    yield _tool("Bash", {"command": "git commit -am 'Checkout without scripts'"}, "[main 5f2d9a1]")
    yield "assistant", {"text": "Committed as `5f2d9a1`.", "final": True}


def _events(began: int) -> Iterator[RawEvent]:
    for number, (event_type, payload) in enumerate(_payloads()):
        ms = began + number * 100_000
        adapter = AdapterEvent(
            source=KEY[0], session_id=KEY[1], event_id=f"today-{number:04}", event_type=event_type,
            ts=datetime.fromtimestamp(ms / 1000, UTC).isoformat(), payload=payload,
        )  # fmt: skip
        yield RawEvent(
            source=KEY[0], stream_id=KEY[1], event_id=adapter.event_id, event_type="claude.hook",
            payload={}, adapter=adapter, ts_ms=ms,
            origin="user" if event_type == "prompt" else "tool_exec",
            project="shop-web", cwd=FOLDER,
        )  # fmt: skip
