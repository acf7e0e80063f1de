// The plugin as OpenCode loads it: its exports, its hooks, and what it does to its host.

import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { pathToFileURL } from "node:url";

import { load, PLUGIN, recorded, serve } from "./recorded.mjs";

const { start } = await load("lib/plugin.js");

const PLACE = { directory: "/home/dev/demo", worktree: "/home/dev/demo", client: {} };
const SESSION = "ses_dfddb85fbffe9KCJa1I4jbRZSw";
let hooks = {};

/** Load the plugin for a server; no other program is to be found. */
async function started({ home, database }, env = {}) {
  const own = {
    HOME: home,
    CODEMEM_DB: database,
    CODEMEM_PROJECT: "demo",
    CODEMEM_PLUGIN_DEBUG: "1",
  };
  hooks = await start(PLACE, { ...own, CODEMEM_VIEWER_AUTO: "0", ...env });
  return hooks;
}

/** Call the hooks as the real client did in a recording. */
async function play(name) {
  for (const { hook, event, input, output } of recorded(name)) {
    await (hook === "event" ? hooks.event({ event }) : hooks[hook](input, output));
  }
}

const eventsIn = (asked) =>
  asked
    .filter(({ path }) => path === "/api/raw-events")
    .flatMap(({ body }) => body.events ?? [body]);

afterEach(() => hooks.dispose?.());

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
  const server = await serve(t);
  await started(server);

  await play("work_session");
  await hooks.dispose();

  const events = eventsIn(server.asked);
  const types = events.map((event) => event.event_type);
  assert.deepEqual(types.slice(0, 2), ["session.created", "user_prompt"]);
  assert.equal(types.at(-1), "session.idle");
  assert.equal(types.filter((type) => type === "tool.execute.after").length, 12);
  assert.equal(new Set(events.map((event) => event.event_id)).size, events.length);
  assert.deepEqual([...new Set(events.map((event) => event.session_id))], [SESSION]);
});

test("without server and command, the session lies on disk when OpenCode ends", async (t) => {
  const { home } = await serve(t);
  await started({ home, database: join(home, "elsewhere", "mem.sqlite") });

  await play("work_session");
  await hooks.dispose();

  const kept = await readdir(join(home, ".codemem", "claude-hook-spool", "new"));
  assert.equal(kept.length, 28);
});

test("the prompt's memories stand beside the prompt", async (t) => {
  const pack = { pack_text: "<codemem-memory-0>", metrics: { items: 1, pack_item_ids: [1] } };
  const server = await serve(t, (path) => (path === "/api/pack" ? { json: pack } : {}));
  await started(server);
  await play("work_session");
  const { info } = recorded("work_session").find(
    ({ event }) => event?.properties?.info?.role === "user",
  ).event.properties;
  const messages = [{ info, parts: [] }];

  await hooks["experimental.chat.messages.transform"]({}, { messages });

  assert.deepEqual(
    messages[0].parts.map((part) => part.text),
    ["[codemem context]\n<codemem-memory-0>"],
  );
});

test("nonsense never throws into the host", async (t) => {
  await started(await serve(t));

  for (const hook of Object.keys(hooks).filter((name) => name !== "tool")) {
    for (const value of [
      undefined,
      null,
      {},
      { event: {} },
      { event: { type: "message.updated" } },
    ]) {
      await hooks[hook](value, value);
    }
  }
});

test("a hook that is called and not awaited cannot throw either", async (t) => {
  await started(await serve(t));

  assert.doesNotThrow(() => hooks.event(undefined));
});

test("two copies in one folder capture once", async (t) => {
  const server = await serve(t);
  await started(server);
  const first = hooks;

  assert.deepEqual(await started(server), {});
  hooks = first;
});

test("inside an observer of ours, and without a place for the database, the plugin does nothing", async (t) => {
  const { home } = await serve(t);

  assert.deepEqual(await started({ home }, { CODEMEM_PLUGIN_IGNORE: "1" }), {});
  assert.deepEqual(await started({ home, database: "mem.sqlite" }), {});
});

test("capture and injection can be switched off", async (t) => {
  const server = await serve(t);
  await started(server, { CODEMEM_RAW_EVENTS: "0", CODEMEM_INJECT_CONTEXT: "off" });

  await play("work_session");
  await hooks.dispose();

  assert.equal(server.asked.length, 0);
});

test("tools are described where OpenCode brings nothing to describe them with", async (t) => {
  await started(await serve(t));
  const output = {};

  await hooks["tool.definition"]({ toolID: "mem-search" }, output);

  assert.deepEqual(Object.keys(hooks.tool), [
    "mem-status",
    "mem-stats",
    "mem-recent",
    "mem-search",
    "mem-remember",
  ]);
  assert.deepEqual(output.jsonSchema.required, ["query"]);
});
