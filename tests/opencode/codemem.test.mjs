// The plugin as OpenCode loads it: its exports, its hooks, and what it does to its host.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { pathToFileURL } from "node:url";

import { load, PLUGIN, recorded, serve } from "./recorded.mjs";

const { default: codemem } = await load("codemem.js");

const PLACE = { directory: "/home/dev/demo", worktree: "/home/dev/demo" };
const SESSION = "ses_dfddb85fbffe9KCJa1I4jbRZSw";
let hooks = {};

/** Load the plugin for a server, as OpenCode does. */
async function start(database, env = {}) {
  Object.assign(process.env, { CODEMEM_DB: database, CODEMEM_PROJECT: "demo", ...env });
  hooks = await codemem(PLACE);
  return hooks;
}

/** Call the hooks as the real client did in a recording. */
async function play(name) {
  for (const { hook, event, input, output } of recorded(name)) {
    await (hook === "event" ? hooks.event({ event }) : hooks[hook](input, output));
  }
}

afterEach(async () => {
  await hooks.dispose?.();
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("CODEMEM_")) delete process.env[name];
  }
});

test("the file has one export, the plugin", async () => {
  assert.deepEqual(Object.keys(await load("codemem.js")), ["default"]);
});

for (const [how, install] of [
  ["copied with its lib", (from, to) => cp(from, to, { recursive: true })],
  ["linked", (from, to) => symlink(from, to)],
]) {
  test(`the installed plugin loads when it is ${how}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "codemem-"));
    t.after(() => rm(folder, { recursive: true }));
    await install(PLUGIN.pathname, join(folder, "codemem"));

    const loaded = await import(pathToFileURL(join(folder, "codemem", "codemem.js")));

    assert.equal(typeof loaded.default, "function");
  });
}

test("a recorded session reaches the server whole and in order", async (t) => {
  const { database, asked } = await serve(t);
  await start(database);

  await play("work_session");
  await hooks.dispose();

  const bodies = asked.filter(({ path }) => path === "/api/raw-events").map(({ body }) => body);
  const events = bodies.flatMap((body) => body.events ?? [body]);
  const types = events.map((event) => event.event_type);
  assert.deepEqual(types.slice(0, 2), ["session.created", "user_prompt"]);
  assert.equal(types.filter((type) => type === "tool.execute.after").length, 12);
  assert.equal(new Set(events.map((event) => event.event_id)).size, events.length);
  assert.deepEqual([...new Set(events.map((event) => event.session_id))], [SESSION]);
});

test("the prompt's memories stand in the system prompt, not in a title's", async (t) => {
  const { database } = await serve(t, (path) =>
    path === "/api/pack" ? { json: { pack_text: "<codemem-memory-0>" } } : {},
  );
  await start(database);
  await play("work_session");
  const main = { system: ["You are opencode"] };
  const title = { system: ["You are a title generator. You"] };

  await hooks["experimental.chat.system.transform"]({ sessionID: SESSION }, main);
  await hooks["experimental.chat.system.transform"]({ sessionID: SESSION }, title);

  assert.deepEqual(main.system, ["You are opencode", "[codemem context]\n<codemem-memory-0>"]);
  assert.equal(title.system.length, 1);
});

test("nonsense never throws into the host", async (t) => {
  const { database } = await serve(t);
  await start(database);

  for (const hook of Object.keys(hooks)) {
    for (const value of [undefined, null, {}, { event: {} }, { event: { type: "message.updated" } }]) {
      await hooks[hook](value, value);
    }
  }
});

test("a hook that is called and not awaited cannot throw either", async (t) => {
  const { database } = await serve(t);
  await start(database);

  assert.doesNotThrow(() => hooks.event(undefined));
});

test("two copies in one folder capture once", async (t) => {
  const { database } = await serve(t);
  await start(database);

  assert.deepEqual(await codemem(PLACE), {});
  assert.notDeepEqual(await codemem({ ...PLACE, directory: "/elsewhere" }), {});
});

test("inside an observer of ours the plugin does nothing", async () => {
  assert.deepEqual(await start("/no/such/mem.sqlite", { CODEMEM_PLUGIN_IGNORE: "1" }), {});
});

test("capture and injection can be switched off", async (t) => {
  const { database, asked } = await serve(t);
  await start(database, { CODEMEM_RAW_EVENTS: "0", CODEMEM_INJECT_CONTEXT: "off" });
  const output = { system: ["You are opencode"] };

  await play("work_session");
  await hooks["experimental.chat.system.transform"]({ sessionID: SESSION }, output);
  await hooks.dispose();

  assert.equal(asked.length, 0);
  assert.equal(output.system.length, 1);
});
