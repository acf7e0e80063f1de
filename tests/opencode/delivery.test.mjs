// Delivery: server first, command when the server fails, nothing dropped in between.

import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { load, serve } from "./recorded.mjs";

const { Delivery } = await load("lib/delivery.js");
const { post } = await load("lib/server.js");

const PLACE = { cwd: "/home/dev/demo", project: "demo" };
const TIME = "2026-11-22T07:24:34.692Z";
const events = (...texts) =>
  texts.map((prompt_text) => ({
    sessionID: "ses_1",
    startedAt: TIME,
    payload: { type: "user_prompt", prompt_text, timestamp: TIME },
  }));
const textsOf = (bodies) =>
  bodies.flatMap((body) => body.events ?? [body]).map((body) => body.payload.prompt_text);

/** A delivery to a server, with a command that keeps what it is given while it `works`. */
function delivering(socket, { works = true, ...options } = {}) {
  const commanded = [];
  const state = { works, commanded };
  state.delivery = new Delivery({
    post: (body) => post(socket, "/api/raw-events", body, { timeoutMs: 300 }),
    enqueue: async (body) => state.works && commanded.push(body) > 0,
    backoffMs: 10_000,
    hardMax: 100,
    ...options,
  });
  return state;
}

test("the server gets what the contract says", async (t) => {
  const { socket, asked } = await serve(t);
  const { delivery, commanded } = delivering(socket);

  delivery.add(events("one"), PLACE);
  await delivery.drain(5000);

  const [{ path, headers, body }] = asked;
  assert.equal(path, "/api/raw-events");
  assert.equal(headers.host, "localhost");
  assert.equal(headers["content-type"], "application/json");
  assert.deepEqual({ ...body, ts_mono_ms: 0 }, {
    session_stream_id: "ses_1",
    session_id: "ses_1",
    opencode_session_id: "ses_1",
    event_id: body.event_id,
    event_type: "user_prompt",
    ts_wall_ms: Date.parse(TIME),
    ts_mono_ms: 0,
    payload: { type: "user_prompt", prompt_text: "one", timestamp: TIME },
    cwd: "/home/dev/demo",
    project: "demo",
    started_at: TIME,
  });
  assert.match(body.event_id, /^oc:ses_1:user_prompt:[0-9a-f]{20}$/);
  assert.equal(commanded.length, 0);
});

test("many events go in order, in small batches", async (t) => {
  const { socket, asked } = await serve(t);
  const { delivery } = delivering(socket);
  const names = Array.from({ length: 50 }, (_, n) => `prompt ${n}`);

  delivery.add(events(...names), PLACE);
  await delivery.drain(5000);

  assert.deepEqual(textsOf(asked.map(({ body }) => body)), names);
  assert.deepEqual(asked.map(({ body }) => body.events.length), [20, 20, 10]);
  assert.equal(delivery.waiting, 0);
});

for (const [what, answer] of [
  ["fails", { status: 500 }],
  ["refuses us", { status: 401 }],
  ["is slow", { afterMs: 5000 }],
]) {
  test(`a server that ${what} is left alone for a while, and the command takes over`, async (t) => {
    const { socket, asked } = await serve(t, () => answer);
    const { delivery, commanded } = delivering(socket);

    delivery.add(events("one"), PLACE);
    await delivery.drain(5000);
    delivery.add(events("two"), PLACE);
    await delivery.drain(5000);

    assert.deepEqual(textsOf(commanded), ["one", "two"]);
    assert.equal(asked.length, 1);
  });
}

test("after the pause the server is asked again", async (t) => {
  const answers = [{ status: 500 }];
  const { socket, asked } = await serve(t, () => answers.shift() ?? {});
  let now = 0;
  const { delivery, commanded } = delivering(socket, { now: () => now });

  delivery.add(events("one"), PLACE);
  await delivery.drain(5000);
  now = 10_000;
  delivery.add(events("two"), PLACE);
  await delivery.drain(5000);

  assert.deepEqual(textsOf(commanded), ["one"]);
  assert.deepEqual(textsOf([asked[1].body]), ["two"]);
});

test("what neither takes waits for the next event", async () => {
  const state = delivering("/no/such/socket", { works: false });

  state.delivery.add(events("one"), PLACE);
  await state.delivery.drain(5000);
  assert.equal(state.delivery.waiting, 1);
  state.works = true;
  state.delivery.add(events("two"), PLACE);
  await state.delivery.drain(5000);

  assert.deepEqual(textsOf(state.commanded), ["one", "two"]);
  assert.equal(state.delivery.waiting, 0);
});

test("one event the server calls wrong does not hold up the others", async (t) => {
  const { socket, asked } = await serve(t, (_path, body) =>
    textsOf([body]).includes("bad") ? { status: 400 } : {},
  );
  const { delivery, commanded } = delivering(socket);

  delivery.add(events("one", "bad", "two"), PLACE);
  await delivery.drain(5000);

  const alone = asked.map(({ body }) => body).filter((body) => !body.events);
  assert.deepEqual(textsOf(alone), ["one", "bad", "two"]);
  assert.equal(commanded.length, 0);
  assert.equal(delivery.waiting, 0);
});

test("beyond the hard maximum the oldest go", async () => {
  const { delivery } = delivering("/no/such/socket", { works: false, hardMax: 2 });

  delivery.add(events("one", "two", "three"), PLACE);
  await delivery.drain(5000);

  assert.equal(delivery.waiting, 2);
});

test("a socket in a folder that others can write to is not ours", async (t) => {
  const { home, socket, asked } = await serve(t);
  await chmod(join(home, "run"), 0o777);

  await assert.rejects(post(socket, "/api/pack", {}, { timeoutMs: 1000 }), /not private/);
  assert.equal(asked.length, 0);
});
