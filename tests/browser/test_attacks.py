"""What a hostile page or a hostile memory can do: nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any

import pytest

from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.store import Store

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
            const text = await answer.text();
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


def test_no_memory_runs_as_code(open_page: Open, server: Any) -> None:
    """300 payloads in every field that a page shows, clicked and hovered: none runs."""
    with Store.open(server.db) as store:
        store.write(_write_payloads)

    for path in ("/?project=x", "/sessions", "/session?id=900", "/usage", "/health"):
        page = open_page(path)
        while page.locator("[data-older]").count():
            page.click("[data-older]")
            page.wait_for_selector("[data-older][disabled]", state="detached")
        page.evaluate(
            "document.querySelectorAll('details').forEach((each) => { each.open = true })"
        )
        page.evaluate(
            "document.querySelectorAll('main *').forEach((each) => { for (const type of"
            " ['mouseover', 'focus', 'toggle']) each.dispatchEvent(new Event(type)) })"
        )
        page.wait_for_timeout(300)
        assert page.evaluate("window.pwned ?? 0") == 0, path
        assert page.locator("main script, main iframe, main [onerror], main [onload]").count() == 0


def test_the_payloads_do_run_where_nothing_is_escaped(browser: Any) -> None:
    """The test above can fail."""
    page = browser.new_page()
    page.set_content(f"<p>{PAYLOADS_300[10]}</p>")
    page.wait_for_timeout(200)

    assert len(PAYLOADS_300) == 300
    assert page.evaluate("window.pwned") == 1
    page.close()


def _write_payloads(db: Any) -> None:
    bad = PAYLOADS_300
    for at, text in enumerate(bad):
        key = ("claude", f"evil-{at}")
        session = sessions.of_stream(db, key, project="x", cwd=text, started_ms=at)
        new = NewMemory(
            key=f"evil-{at}", kind="note", title=text, body=text, subtitle=text, facts=(text,),
            narrative=text + " ", concepts=(text,), files_read=(text,), files_modified=(text,),
            tags=(), origin="user", created_ms=at + 1, extractor=text,
            metadata={"evidence": [text]},
        )  # fmt: skip
        memories.add(db, new, session_id=session, now_ms=at)
    query = "INSERT INTO sessions (id, project, cwd, started_ms) VALUES (900, ?, ?, 1)"
    db.execute(query, (bad[0],) * 2)
