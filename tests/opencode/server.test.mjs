// One request over the Unix socket.

import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { load, serve } from "./recorded.mjs";

const { ask } = await load("lib/server.js");

test("a body is posted as JSON, and the answer read as JSON", async (t) => {
  const { socket, asked } = await serve(t, () => ({ status: 201, json: { a: 1 } }));

  const answer = await ask(socket, "/api/x", { body: { text: "ü" }, timeoutMs: 5000 });

  assert.deepEqual(answer, { status: 201, json: { a: 1 } });
  const [{ path, headers, body }] = asked;
  assert.deepEqual(
    [path, headers.host, headers["content-type"], body],
    [...["/api/x", "localhost", "application/json"], { text: "ü" }],
  );
});

test("a server that is slow, or missing, is an error in time", async (t) => {
  const { socket } = await serve(t, () => ({ afterMs: 5000 }));

  await assert.rejects(ask(socket, "/api/x", { body: {}, timeoutMs: 100 }), /no answer in time/);
  await assert.rejects(ask("/no/such/socket", "/api/x", { timeoutMs: 100 }));
});

test("a socket in a folder that others can write to is not ours", async (t) => {
  const { home, socket, asked } = await serve(t);
  await chmod(join(home, "run"), 0o777);

  await assert.rejects(ask(socket, "/api/x", { body: {}, timeoutMs: 1000 }), /not private/);
  assert.equal(asked.length, 0);
});
