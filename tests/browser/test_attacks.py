"""What a hostile page or a hostile memory can do: nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any

import pytest

from codemem_core.capture.note_reader import told
from codemem_core.records.event import AdapterEvent, RawEvent
from codemem_core.records.memory import NewMemory
from codemem_core.store import events, hook_times, memories, proposals, sessions
from codemem_core.store.batches import Failure, claim, fail
from codemem_core.store.engine.store import Store

pytestmark = pytest.mark.browser
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A page on another port of this machine: the same site, another origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><body>")

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/"
    web.shutdown()
    web.server_close()


ATTACK = """async ({ url, key }) => {
    const got = [];
    const read = async (path, options) => {
        try {
            const answer = await fetch(url + path, options);
            // The first piece: a stream has no end.
            const { value } = await answer.body.getReader().read();
            const text = new TextDecoder().decode(value);
            if (text && !text.startsWith('{"error"')) got.push([path, text.slice(0, 80)]);
        } catch {}
    };
    const bearer = { Authorization: 'Bearer ' + key };
    for (const path of ['/', '/api/health', '/api/memories', '/api/stream', '/assets/app.js'])
        for (const mode of ['cors', 'no-cors', 'same-origin'])
            for (const headers of [{}, bearer]) await read(path, { mode, headers });
    const body = JSON.stringify({ session_id: 'evil', event_type: 'user_prompt', payload: {} });
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
        for (const mode of ['cors', 'no-cors'])
            for (const path of ['/raw-events', '/claude-hooks', '/memories/1/forget', '/config'])
                await read('/api' + path, {
                    method: 'POST', mode, body, headers: { 'Content-Type': type } });
    for (const enctype of ['text/plain', 'multipart/form-data']) {
        const form = document.createElement('form');
        form.method = 'post'; form.enctype = enctype; form.target = 'into';
        form.action = url + '/api/memories/1/forget';
        form.innerHTML = `<input name='{"a":"' value='"}'>`;
        const frame = document.createElement('iframe'); frame.name = 'into';
        document.body.append(frame, form); form.submit();
        await new Promise((go) => setTimeout(go, 200));
        try {
            const said = frame.contentDocument?.body?.innerText;
            if (said) got.push(['form', said]);
        } catch {}
    }
    const seen = await new Promise((done) => {
        const frame = document.createElement('iframe');
        frame.src = url + '/'; document.body.append(frame);
        frame.onload = () => {
            try { done(frame.contentDocument?.title ?? ''); } catch { done(''); }
        };
        setTimeout(() => done(''), 1000);
    });
    if (seen.includes('codemem')) got.push(['frame', seen]);
    return got;
}"""


def stored(server: Any) -> tuple[Any, ...]:
    """Return what the database holds that an attack could change."""
    with Store.open(server.db) as store, store.read() as db:
        count = "SELECT (SELECT count(*) FROM raw_events), (SELECT sum(active) FROM memories)"
        return tuple(db.execute(count).fetchall()[0])


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://evil.example:{port}"]
)
def test_a_page_on_another_port_reads_and_changes_nothing(
    browser: Any, server: Any, elsewhere: str, target: str
) -> None:
    """Every shape of request that a page may send, even with the right key."""
    before = stored(server)
    page = browser.new_page()
    page.goto(elsewhere)

    url = target.format(port=server.url.rpartition(":")[2])
    got = page.evaluate(ATTACK, {"url": url, "key": server.key})
    page.close()

    assert got == []
    assert stored(server) == before


def test_a_page_whose_name_was_rebound_to_us_reads_nothing(browser: Any, server: Any) -> None:
    """Its requests are same-origin to the browser; the `Host` gives it away."""
    before = stored(server)
    port = server.url.rpartition(":")[2]
    page = browser.new_page()
    answer = page.goto(f"http://evil.example:{port}/")
    got = page.evaluate(ATTACK, {"url": f"http://evil.example:{port}", "key": server.key})
    page.close()

    assert answer.status == 421
    assert got == []
    assert stored(server) == before


def test_the_attack_reads_and_changes_where_the_guard_is_planted_away(
    browser: Any, open_server: Any, elsewhere: str
) -> None:
    """The tests above can fail: every shape gets through to a server without a judgement."""
    before = stored(open_server)
    page = browser.new_page()
    page.goto(elsewhere)

    got = page.evaluate(ATTACK, {"url": open_server.url, "key": open_server.key})
    page.close()

    assert {path for path, _ in got} >= {"/", "/api/memories"}
    assert stored(open_server) != before


CODE = "window.pwned=(window.pwned||0)+1"
SHAPES = r"""
<script>{}</script>
<img src=x onerror={}>
<svg onload={}>
"><script>{}</script>
' onfocus={} autofocus x='
" onmouseover={} x="
<iframe srcdoc='<script>parent.{}</script>'>
<a href='javascript:{}'>go</a>
[go](javascript:{})
<details open ontoggle={}>
</textarea><script>{}</script>
</title><script>{}</script>
<style onload={}></style>
<body onload={}>
<video><source onerror={}>
<math><mtext><img src=x onerror={}>
`<img src=x onerror={}>`
**<img src=x onerror={}>**
# <img src=x onerror={}>
- <img src=x onerror={}>
{{{{ {} }}}}
{{% print({}) %}}
<!--><img src=x onerror={}>-->
<![CDATA[<script>{}</script>]]>
&lt;script&gt;{}&lt;/script&gt;
<template><script>{}</script>
<meta http-equiv=refresh content='0;url=javascript:{}'>
<form action='javascript:{}'><button>go
<base href='javascript:{}//'>
<object data='javascript:{}'>
""".strip().splitlines()
DISGUISES = (
    str,
    str.upper,
    lambda text: text.replace("<", "<\x00"),
    lambda text: text.replace(" ", "/"),
    lambda text: text.replace("script", "scr\nipt"),
    lambda text: text.replace("=", "\t=\n"),
    lambda text: f"\u202e{text}",
    lambda text: text * 3,
    lambda text: f"</p></li></ol>{text}",
    lambda text: text.replace("javascript", "java&#x73;cript"),
)
PAYLOADS_300 = [disguise(shape.format(CODE)) for shape, disguise in product(SHAPES, DISGUISES)]


EVIL = "/session?id=900"


@pytest.fixture(scope="module")
def poisoned(server: Any) -> None:
    """Put the payloads into everything that the server stores."""
    with Store.open(server.db) as store:
        store.write(_write_payloads)


@pytest.mark.usefixtures("poisoned")
def test_no_stored_text_runs_as_code(open_page: Open) -> None:
    """300 payloads in every field that a page shows, unfolded and hovered: none runs.

    Memories, rules, a project card, proposals, prompts, answers, tool calls and their output,
    errors of flushes, names of hooks.
    """
    parts = [f"{EVIL}&first={first}" for first in (0, 300, 600)]
    rows = "/memories?project=x"
    for path in (
        "/",
        rows,
        "/memories?q=pwned",
        "/rules",
        "/review",
        "/sessions",
        *parts,
        "/usage",
        "/health",
    ):
        page = open_page(path)
        while page.locator("[data-older]").count():
            page.click("[data-older]")
            page.wait_for_selector("[data-older][disabled]", state="detached")
        assert "pwned" in page.inner_text("main").lower(), path
        if path == rows:
            unfold(page)
        assert_nothing_ran(page, path)


def unfold(page: Any) -> None:
    """Fetch what stands behind every seventh row: each disguise and each shape is among them.

    The whole memory, and the form to correct it. The session's pages render all 300 as Markdown.
    """
    page.evaluate(
        "() => [...document.querySelectorAll('#memories .memory .kind')]"
        ".filter((_, at) => at % 7 === 0).forEach((each) => each.click())"
    )
    wanted = -(-page.locator("#memories .memory").count() // 7)
    assert wanted >= 30
    unfolded = "n => document.querySelectorAll('#memories .fold form').length === n"
    page.wait_for_function(unfolded, arg=wanted, polling=100)


@pytest.mark.usefixtures("poisoned")
def test_the_inspector_runs_nothing(open_page: Open) -> None:
    """Neither what is typed into it nor what it finds."""
    page = open_page("/inspector")
    for injected in (True, False):
        page.set_checked("[name=injected]", injected)
        page.fill("[name=limit]", "200")
        page.fill("[name=token_budget]", "100000")
        page.fill("#prompt", f"{CODE} script onerror window pwned {' '.join(SHAPES)}")
        page.click("text=Show the pack")
        page.wait_for_selector(".hits")
        assert_nothing_ran(page, "/inspector")


MARKUP_OF_PAYLOADS = """() => [...document.querySelectorAll('main *')].filter((each) =>
    each.matches('script, iframe, object, embed, base, meta, style, template, math, video, body')
    || [...each.attributes].some(({ name, value }) =>
        /^(on|srcdoc)/i.test(name)
        || (/^(href|src|action|formaction|data)$/i.test(name) && /^\\s*javascript/i.test(value)))
).map((each) => each.outerHTML.slice(0, 200))"""
"""Elements and attributes that our own pages have nowhere: stored text became markup."""


def assert_nothing_ran(page: Any, path: str) -> None:
    """Open everything, point at everything, and look whether a payload ran."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.evaluate(
        "document.querySelectorAll('main *').forEach((each) => { for (const type of"
        " ['mouseover', 'focus', 'toggle']) each.dispatchEvent(new Event(type)) })"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned ?? 0") == 0, path
    assert page.evaluate(MARKUP_OF_PAYLOADS) == [], path


def test_the_payloads_do_run_where_nothing_is_escaped(browser: Any) -> None:
    """The test above can fail."""
    page = browser.new_page()
    page.set_content(f"<p>{PAYLOADS_300[10]}</p>")
    page.wait_for_timeout(200)

    assert len(PAYLOADS_300) == 300
    assert page.evaluate("window.pwned") == 1
    page.set_content(f"<main>{''.join(PAYLOADS_300[:110])}</main>")
    assert len(page.evaluate(MARKUP_OF_PAYLOADS)) > 20
    page.close()


def _write_payloads(db: Any) -> None:
    """Write the payloads as memories, and as the events, flushes and notes of session 900."""
    now_ms = time.time_ns() // 1_000_000
    for at, text in enumerate(PAYLOADS_300):
        key = ("claude", f"evil-{at}")
        session = sessions.of_stream(db, key, project="x", cwd=text, started_ms=at)
        new = NewMemory(
            key=f"evil-{at}", kind=KINDS[at % 3], title=text, body=text, subtitle=text,
            facts=(text,), narrative=text + " ", concepts=(text,), files_read=(text,),
            files_modified=(text,), tags=(), origin="user", created_ms=at + 1, extractor=text,
            metadata={"evidence": [text]} | dict.fromkeys(SECTIONS, text),
        )  # fmt: skip
        memories.add(db, new, session_id=session, now_ms=at)
        proposed = {"reason": text, "now_ms": now_ms}
        proposals.to_remember(db, replace(new, key=f"maybe-{at}"), session_id=session, **proposed)
        hook_times.add(db, text, text, took_ms=9, at_ms=now_ms)
    query = """INSERT OR IGNORE INTO sessions (id, source, stream_id, project, cwd, started_ms)
               VALUES (900, ?, ?, ?, ?, 1 << 41)"""
    db.execute(query, (*STREAM, *(PAYLOADS_300[0],) * 2))
    events.append(db, list(_events()), now_ms=1)
    ids = [row[0] for row in db.execute("SELECT id FROM memories WHERE project = 'x' LIMIT 300")]
    told(db, STREAM, {"ids": ids, "tokens": 1, "hook": PAYLOADS_300[1]}, at_ms=now_ms)
    card = replace(new, key="evil-card", kind="discovery", concepts=("project-card",))
    rule = replace(new, key="evil-rule", kind="preference", title=PAYLOADS_300[3])
    for each in (card, rule):
        memories.add(db, each, session_id=900, now_ms=now_ms)
    for text in PAYLOADS_300[:: len(PAYLOADS_300) // 30]:
        taken = claim(db, STREAM, extractor=text, max_events=5, now_ms=1 << 42)
        if taken is not None:
            fail(db, taken, Failure(kind=text, message=text), now_ms=1)


STREAM = ("claude", "evil-session")
KINDS = ("note", "preference", "session_summary")
SECTIONS = ("request", "completed", "next_steps", "notes", "author")


def _events() -> Iterator[RawEvent]:
    """Yield each payload as a prompt, an answer and a tool call with input, output and error."""
    for at, text in enumerate(PAYLOADS_300):
        tool = {"tool_name": text, "tool_input": {"command": text}, "tool_output": text}
        bodies = (
            ("prompt", {"text": text}),
            ("assistant", {"text": text}),
            ("tool_result", {**tool, "status": "error", "tool_error": text}),
        )
        for number, (kind, payload) in enumerate(bodies):
            adapter = AdapterEvent(
                source="claude",
                session_id=STREAM[1],
                event_id=f"evil-{at:04}-{number}",
                event_type=kind,
                ts="2026-11-22T08:00:00Z",
                payload=payload,
            )
            yield RawEvent(
                source="claude",
                stream_id=STREAM[1],
                event_id=adapter.event_id,
                event_type="claude.hook",
                payload={},
                adapter=adapter,
                ts_ms=adapter.ts_ms,
                origin="user",
                project="x",
            )
