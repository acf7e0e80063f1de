"""A memory as it looks after some weeks of work, for pages to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import apsw

from codemem_claude.tools import typed
from codemem_core.capture.note_reader import told
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, hook_times, memories, proposals, sessions, usage
from codemem_core.store.batches import Failure, claim, claim_again, fail, finish, release
from codemem_core.store.engine.store import Store
from codemem_core.store.tokenize import tags_of
from codemem_core.store.usage import Usage

DAY_MS = 86_400_000
PROJECTS = ("shop-api", "shop-web", "infra", "notes")
TEXTS = (
    ("bugfix", "VAT is rounded once, on the invoice total", "Each line was rounded, so totals of "
     "more than 20 lines were off by a cent. `invoice_total()` now sums exact `Decimal` values and "
     "rounds at the end.", ("src/billing/invoice.py", "tests/test_invoice.py")),
    ("decision", "Money is Decimal, never float", "We agreed to keep every amount as `Decimal` "
     "from the database to the template. Floats are refused.", ("src/money.py",)),
    ("discovery", "The staging database lags by up to two hours", "Replication is throttled at "
     "night. Tests that read from staging must wait or use the fixture.", ()),
    ("feature", "Invoices can be sent again", "A button on the order page calls "
     "`POST /orders/{id}/invoice/resend`; the mail is queued and shows up in the log.",
     ("src/orders/views.py", "web/orders/Order.tsx")),
    ("refactor", "One HTTP client for all carriers", "DHL and GLS used their own. The shared "
     "client has one timeout and retries only idempotent calls.", ("src/carriers/client.py",)),
    ("change", "The nightly job runs at 02:40", "At 02:00 it met the backup and waited for locks.",
     ("deploy/cron.yaml",)),
    ("session_summary", "Fix the VAT rounding on invoices", "## Request\nFix the VAT rounding on "
     "invoices with many lines.\n\n## Learned\nRounding each line adds up errors.\n\n## Completed\n"
     "- sum with `Decimal`, round at the end\n- a test with 120 lines\n\n## Next steps\nTell "
     "accounting about the three invoices of October.", ("src/billing/invoice.py",)),
    ("exploration", "How the parcel labels are made", "`labels.py` asks the carrier for a ZPL file "
     "and converts it with a service in `infra/labels`. There is no test for the conversion.",
     ("src/carriers/labels.py",)),
    ("bugfix", "Carts no longer vanish at midnight", "The session key held the date. It holds the "
     "customer now, and old keys are read for 30 days.", ("src/cart/session.py",)),
    ("decision", "Search stays in PostgreSQL", "`pg_trgm` answers in 40 ms with our 60,000 "
     "articles. A search server would be one more thing to run.", ("docs/search.md",)),
    ("feature", "Orders can be split into two parcels", "Each parcel has its own label and a "
     "tracking number; the invoice stays one.", ("src/orders/split.py", "web/orders/Split.tsx")),
    ("discovery", "The carrier's sandbox forgets labels after a day", "Fixtures that name one fail "
     "the next morning. Ask for a label in the test itself.", ()),
    ("change", "Images are served as WebP", "With JPEG for clients that do not ask for it; pages "
     "became a third lighter.", ("deploy/nginx.conf", "src/media/urls.py")),
    ("refactor", "Settings are read in one place", "`settings.py` replaces eleven calls of "
     "`os.environ`; a missing value stops the start.", ("src/settings.py",)),
    ("session_summary", "Make the checkout work without JavaScript", "## Request\nThe checkout "
     "must work for screen readers and old phones.\n\n## Completed\n- every step is a form of its "
     "own\n- errors stand beside their field\n\n## Next steps\nTry it with real customers.",
     ("web/checkout/steps.tsx",)),
    ("bugfix", "Two workers no longer send the same mail", "The row is locked with `FOR UPDATE "
     "SKIP LOCKED` before it is read; a second worker takes the next one.", ("src/mail/queue.py",)),
    ("exploration", "Where the time of the nightly export goes", "Nine of eleven minutes are spent "
     "in one query without an index on `orders.paid_at`.", ("src/export/nightly.py",)),
    ("decision", "Feature flags live in the database", "They can be turned without a deployment, "
     "and each has an owner and a date to be removed.", ("src/flags.py",)),
)  # fmt: skip


def _tool(name: str, key: str, value: str, output: str, error: str = "") -> tuple[str, Any]:
    payload = {"tool_name": name, "tool_input": {key: value}, "tool_output": output}
    failed = {"tool_error": error} if error else {}
    return "tool_result", typed(payload | failed | {"status": "error" if error else "ok"})


PAYLOADS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("prompt", {"text": "Invoices with many lines are off by a cent. Find out why and fix it."}),
    _tool("read", "file_path", "src/billing/invoice.py", "def invoice_total(lines): …"),
    _tool("bash", "command", "pytest tests/test_invoice.py", "1 failed", "1 failed, 11 passed"),
    _tool("edit", "file_path", "src/billing/invoice.py", "edited"),
    _tool("bash", "command", "pytest -q", "12 passed in 0.4s"),
    ("assistant", {"text": "Each line was rounded. I now sum exact values and round once."}),
)


def fill(store: Store, *, now_ms: int, weeks: int = 6) -> None:
    """Write sessions with events, memories, flushes that worked and that failed."""
    store.write(lambda db: _fill(db, now_ms, weeks))


def _fill(db: apsw.Connection, now_ms: int, weeks: int) -> None:
    texts = cycle(TEXTS)
    for at in range(weeks * 7):
        ms = now_ms - (weeks * 7 - at) * DAY_MS + 3_600_000
        source = "opencode" if at % 3 else "claude"
        key = (source, f"{source}-session-{at:03}")
        session = _session(db, key, PROJECTS[(at * at + at // 3) % 4], ms)
        for n in range(1 + (at * 7919 + at // 5) % 5):
            memories.add(db, _memory(next(texts), at, n, ms), session_id=session, now_ms=ms)
        spent = Usage(
            event="observe",
            session_id=session,
            tokens_read=4000 + at * 90 % 900,
            tokens_written=500,
            source=source,
            stream_id=key[1],
            cost_usd=0.0004 * (9 + at % 5) if at % 4 else None,
            runtime="api_http" if at % 4 else "extractive",
            model="gpt-5-mini" if at % 4 else "",
        )
        usage.record(db, spent, now_ms=ms)
    memories.edit(db, 2, {"pinned": True, "confirmed": True}, now_ms=now_ms)
    why = "an agent wrote it in a session that read text from outside"
    later_ms = 4_000_000_000_000  # in time for the tests to come: they lapse after 30 days
    proposals.to_confirm(db, 3, reason=why, now_ms=later_ms)
    proposals.to_forget(db, 4, reason="an agent wants it forgotten", now_ms=later_ms)
    failures = {"auth": "the key was refused: 401", "rate_limited": "too many requests: 429"}
    for number, (kind, message) in enumerate(failures.items()):
        key = ("claude", f"waiting-{number}-5c1e77")
        events.append(db, list(_events(key, "shop-api", now_ms - 900_000)), now_ms=now_ms)
        taken = claim(db, key, extractor="observe-1", max_events=0, now_ms=now_ms)
        assert taken is not None
        why = Failure(kind=kind, message=message, retry_after_ms=3_600_000)
        fail(db, taken, why, now_ms=now_ms)
    _given_up(db, now_ms)
    for at in range(6):
        key = ("opencode", f"opencode-session-{at * 6 + 1:03}")
        pack = {"ids": [1 + at, 9 + at], "tokens": 180 + 30 * at, "project": PROJECTS[1]}
        told(db, key, pack, at_ms=now_ms - (weeks * 7 - at * 6 - 1) * DAY_MS + 3_602_000)
        for n in range(40):
            day_ms = now_ms - at * DAY_MS
            hook_times.add(db, "claude", "PostToolUse ingest", took_ms=19 + n % 14, at_ms=day_ms)
            hook_times.add(db, "claude", "UserPromptSubmit", took_ms=22 + n % 17, at_ms=day_ms)


def _given_up(db: apsw.Connection, now_ms: int) -> None:
    """Write a flush that failed three times."""
    key = ("claude", "given-up-77aa10")
    events.append(db, list(_events(key, "infra", now_ms - 7_200_000)), now_ms=now_ms)
    taken = claim(db, key, extractor="observe-1", max_events=0, now_ms=now_ms)
    for _ in range(3):
        assert taken is not None
        why = Failure(kind="permanent", message="model `gpt-9` does not exist")
        fail(db, taken, why, now_ms=now_ms)
        taken = claim_again(db, taken.batch, extractor="observe-1", now_ms=now_ms)
    assert taken is not None
    release(db, taken)


def _session(db: apsw.Connection, key: tuple[str, str], project: str, ms: int) -> int:
    events.append(db, list(_events(key, project, ms)), now_ms=ms)
    taken = claim(db, key, extractor="observe-1", max_events=0, now_ms=ms)
    assert taken is not None
    finish(db, taken, now_ms=ms)
    return sessions.of_stream(db, key, project=project, cwd=f"/home/ada/{project}", started_ms=ms)


def _memory(text: tuple[str, str, str, tuple[str, ...]], at: int, n: int, ms: int) -> NewMemory:
    kind, title, body, files = text
    return NewMemory(
        key=f"seed-{at}-{n}",
        kind=kind,
        title=title,
        body=body,
        narrative=body,
        facts=("Found by a test with 120 lines", "Nobody had complained") if n == 0 else (),
        concepts=("billing", "rounding"),
        files_modified=files,
        tags=tags_of(kind, ("billing",), files),
        origin="external" if kind == "discovery" else "tool_repo",
        created_ms=ms + 60_000 * (n + 9),
        extractor="api_http",
        extractor_version="1.0.0",
        metadata={"evidence": [1, 2, 4], "discovery_tokens": 2400 + at * 631 % 5000},
    )


def _events(key: tuple[str, str], project: str, ms: int) -> Iterator[RawEvent]:
    source, stream_id = key
    for number, (event_type, payload) in enumerate(PAYLOADS):
        adapter = AdapterEvent(
            source=source,
            session_id=stream_id,
            event_id=f"event-{number:04}",
            event_type=event_type,
            ts="2026-11-22T08:00:00Z",
            payload=payload,
        )
        yield RawEvent(
            source=source,
            stream_id=stream_id,
            event_id=adapter.event_id,
            event_type="claude.hook",
            payload={},
            adapter=replace(adapter, ts=_iso(ms + number * 60_000)),
            ts_ms=ms + number * 60_000,
            origin="user" if event_type == "prompt" else "tool_exec",
            project=project,
        )


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
