// Injection: one pack for each query, beside its prompt, the same for ever, within the time a prompt may wait.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { Injection, questionOf } = await load("lib/inject.js");
const { Sessions } = await load("lib/sessions.js");

const user = (id, text, sessionID = "a") => ({
  info: { id, role: "user", sessionID },
  parts: [{ type: "text", text }],
});
const said = (id, sessionID = "a") => ({
  info: { id, role: "assistant", sessionID },
  parts: [{ type: "text", text: "ok" }],
});
const texts = (messages) => messages.map(({ parts }) => parts.map((part) => part.text));

/** An injection that finds the packs of `find(question)`, and a conversation to type into. */
function injecting(
  find = (question) => ({
    text: `pack for ${question.asked}`,
    metrics: { pack_item_ids: [question.asked] },
  }),
) {
  const world = { questions: [], injected: [], sessions: new Sessions() };
  world.injection = new Injection({
    find: async (question) => {
      world.questions.push(question.query);
      return find(question);
    },
    sessions: world.sessions,
    project: "demo",
    waitMs: 200,
    injected: (metrics) => world.injected.push(metrics),
  });
  world.type = (messageID, text, sessionID = "a") => {
    const session = world.sessions.get(sessionID);
    session.prompts = [session.prompts[0] ?? text, text];
    world.injection.prepare(sessionID, messageID);
  };
  world.request = async (...messages) => {
    await world.injection.addTo(messages);
    return texts(messages);
  };
  return world;
}

test("only the first prompt of a session of the user's own begins it", () => {
  const begun = [];
  const world = injecting((question) => void begun.push(question.begins) ?? null);
  world.sessions.get("helper").parentID = "a";

  world.type("1", "fix the cache");
  world.type("2", "now the store");
  world.type("3", "look for callers", "helper");

  assert.deepEqual(begun, [true, false, false]);
});

test("the query is the first and last prompt, the project and the changed files", () => {
  const query = (...prompts) =>
    questionOf({ prompts: [prompts[0], prompts.at(-1)], files: ["src/a.py"] }, "demo").query;

  assert.equal(query("fix the cache", "now the store"), "fix the cache now the store demo a.py");
  assert.equal(query("fix the cache", "yes"), "fix the cache demo a.py");
  assert.equal(questionOf({ prompts: [], files: [] }, null).query, "recent work");
  assert.equal(query("x".repeat(900)).length, 500);
});

test("the server is told apart what is asked and what the work is about", () => {
  const { asked, around } = questionOf(
    { prompts: ["fix the cache", "now the store"], files: ["src/a.py"] },
    "demo",
  );

  assert.deepEqual([asked, around], ["now the store", "fix the cache a.py"]);
});

test("memories stand at the end of their prompt", async () => {
  const world = injecting();
  world.type("m1", "fix the cache");

  assert.deepEqual(await world.request(user("m1", "fix the cache")), [
    ["fix the cache", "[codemem context]\npack for fix the cache"],
  ]);
});

test("what was injected stays where it was, byte for byte, in every later request", async () => {
  const world = injecting();
  world.type("m1", "fix the cache");
  const first = await world.request(user("m1", "fix the cache"));
  world.type("m2", "now the store");

  const later = await world.request(
    user("m1", "fix the cache"),
    said("m1b"),
    user("m2", "now the store"),
  );

  assert.deepEqual(later[0], first[0]);
  assert.deepEqual(later[2], ["now the store", "[codemem context]\npack for now the store"]);
});

test("within a turn nobody asks again, and nothing is added twice", async () => {
  const world = injecting();
  world.type("m1", "fix the cache");
  const first = await world.request(user("m1", "fix the cache"));
  world.sessions.get("a").files.push("src/b.py");

  assert.deepEqual((await world.request(user("m1", "fix the cache"), said("m1b")))[0], first[0]);
  assert.equal(world.questions.length, 1);
});

test("requests at the same time tell the same", async () => {
  const world = injecting();
  world.type("m1", "fix the cache");

  const [one, other] = await Promise.all([
    world.request(user("m1", "x")),
    world.request(user("m1", "x")),
  ]);

  assert.deepEqual(one, other);
});

test("an unchanged query is not asked again, and known memories are not repeated", async () => {
  const world = injecting(() => ({ text: "the pack", metrics: { pack_item_ids: [1, 2] } }));
  world.type("m1", "fix the cache");
  await world.request(user("m1", "fix the cache"));
  world.type("m2", "yes");
  const same = await world.request(user("m1", "fix the cache"), user("m2", "yes"));
  world.type("m3", "now the store");
  const known = await world.request(user("m3", "now the store"));

  assert.deepEqual(same[1], ["yes"]);
  assert.deepEqual(known, [["now the store"]]);
  assert.equal(world.questions.length, 2);
});

test("the user hears of a session's first pack only", async () => {
  const world = injecting();
  world.type("m1", "fix the cache");
  await world.request(user("m1", "fix the cache"));
  world.type("m2", "now the store");
  await world.request(user("m2", "now the store"));

  assert.equal(world.injected.length, 1);
});

test("sessions are told apart", async () => {
  const world = injecting();
  world.type("m1", "about one", "a");
  world.type("m2", "about other", "b");

  assert.match((await world.request(user("m1", "about one", "a")))[0][1], /about one/);
  assert.match((await world.request(user("m2", "about other", "b")))[0][1], /about other/);
  assert.deepEqual(await world.request(user("m3", "resumed", "c")), [["resumed"]]);
});

test("a compaction hears of no memories, and after it they may be told again", async () => {
  const world = injecting(() => ({ text: "the pack", metrics: { pack_item_ids: [1] } }));
  world.type("m1", "fix the cache");
  await world.request(user("m1", "fix the cache"));

  world.injection.compacting("a");
  assert.deepEqual(await world.request(user("m1", "fix the cache")), [["fix the cache"]]);
  world.type("m2", "now the store");
  assert.deepEqual(await world.request(user("m2", "now the store")), [
    ["now the store", "[codemem context]\nthe pack"],
  ]);
});

for (const [what, find] of [
  ["is slow", () => new Promise(() => {})],
  ["breaks", () => Promise.reject(new Error("broken"))],
  ["does not answer", () => null],
  ["has nothing to say", () => ({ text: "", metrics: {} })],
]) {
  test(`nothing is injected when the memory ${what}`, async () => {
    const world = injecting(find);
    world.type("m1", "fix the cache");

    assert.deepEqual(await world.request(user("m1", "fix the cache")), [["fix the cache"]]);
  });
}

test("what failed is asked for again at the next prompt", async () => {
  const answers = [null];
  const world = injecting(() => (answers.length ? answers.shift() : { text: "pack", metrics: {} }));
  world.type("m1", "fix the cache");
  await world.request(user("m1", "fix the cache"));
  world.type("m2", "fix the cache");

  assert.match((await world.request(user("m2", "fix the cache")))[0][1], /pack/);
});
