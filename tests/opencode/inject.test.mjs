// Injection: one pack for each query, within the time a prompt may wait.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load, serve } from "./recorded.mjs";

const { Injection, isMainAgent, queryOf } = await load("lib/inject.js");
const { post } = await load("lib/server.js");

const fenced = (text) => `<codemem-memory-0>\n${text}\n</codemem-memory-0>`;
const session = (...prompts) => ({ prompts: [prompts[0], prompts.at(-1)], files: ["src/a.py"] });
const injecting = (socket) =>
  new Injection({
    ask: (body) => post(socket, "/api/pack", body, { timeoutMs: 300 }),
    project: "demo",
    limit: 8,
    tokenBudget: null,
  });

test("the query is the first and last prompt, the project and the changed files", () => {
  assert.equal(queryOf(session("fix the cache", "now the store"), "demo"), "fix the cache now the store demo a.py");
  assert.equal(queryOf(session("fix the cache", "yes"), "demo"), "fix the cache demo a.py");
  assert.equal(queryOf({ prompts: [], files: [] }, null), "recent work");
  assert.equal(queryOf(session("x".repeat(900)), "demo").length, 500);
});

test("titles and compactions get no memories", () => {
  assert.equal(isMainAgent(["You are opencode, an interactive CLI tool"]), true);
  assert.equal(isMainAgent(["You are a title generator. You output ONLY"]), false);
  assert.equal(isMainAgent(["You are a context summarization agent. You"]), false);
});

test("a session is told the same until its query changes", async (t) => {
  let packs = 0;
  const { socket, asked } = await serve(t, () => ({ json: { pack_text: fenced(++packs) } }));
  const injection = injecting(socket);
  const one = session("fix the cache");

  injection.prepare(one);
  const first = await injection.text(one);
  one.files.push("src/b.py");
  const withinTheTurn = await injection.text(one);
  one.prompts = ["fix the cache", "now the store"];
  injection.prepare(one);
  const nextTurn = await injection.text(one);

  assert.equal(first, `[codemem context]\n${fenced(1)}`);
  assert.equal(withinTheTurn, first);
  assert.equal(nextTurn, `[codemem context]\n${fenced(2)}`);
  assert.deepEqual(asked[0].body, {
    context: "fix the cache demo a.py",
    project: "demo",
    working_set: ["src/a.py"],
    injected: true,
    limit: 8,
  });
});

test("sessions are told apart", async (t) => {
  const { socket } = await serve(t, (_path, { context }) => ({ json: { pack_text: fenced(context) } }));
  const injection = injecting(socket);
  const [one, other] = [session("about one"), session("about other")];
  injection.prepare(one);
  injection.prepare(other);

  assert.match(await injection.text(one), /about one/);
  assert.match(await injection.text(other), /about other/);
});

for (const [what, answer] of [
  ["is slow", { afterMs: 5000 }],
  ["fails", { status: 500 }],
  ["says nonsense", { json: { pack_text: 7 } }],
  ["has nothing to say", { json: { pack_text: "" } }],
  ["does not fence what it says", { json: { pack_text: "## Summary" } }],
]) {
  test(`nothing is injected when the server ${what}`, async (t) => {
    const { socket } = await serve(t, () => answer);
    const one = session("fix the cache");

    assert.equal(await injecting(socket).text(one), "");
  });
}

test("what failed is asked for again at the next prompt", async (t) => {
  const answers = [{ status: 500 }];
  const { socket } = await serve(t, () => answers.shift() ?? { json: { pack_text: fenced("pack") } });
  const injection = injecting(socket);
  const one = session("fix the cache");
  injection.prepare(one);

  assert.equal(await injection.text(one), "");
  injection.prepare(one);

  assert.match(await injection.text(one), /pack/);
});
