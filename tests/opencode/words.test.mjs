// What the user sees: toasts and the log.

import assert from "node:assert/strict";
import { readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { Log } = await load("lib/log.js");
const { injectedWords, Toasts } = await load("lib/toasts.js");

test("a toast is shown, the same one once a minute", async () => {
  const shown = [];
  let nowMs = 0;
  const client = { tui: { showToast: async (toast) => shown.push(toast.body) } };
  const toasts = new Toasts(client, { now: () => nowMs });

  toasts.show("one", "warning");
  toasts.show("one", "warning");
  nowMs = 60_000;
  toasts.show("one", "warning");
  await new Promise(setImmediate);

  assert.deepEqual(shown, [
    { message: "one", variant: "warning" },
    { message: "one", variant: "warning" },
  ]);
});

test("without a screen there are none, and no error", async () => {
  new Toasts(undefined).show("one");
  new Toasts({ tui: { showToast: () => Promise.reject(new Error("no screen")) } }).show("one");

  await new Promise(setImmediate);
});

test("an injection is told in numbers", () => {
  assert.equal(
    injectedWords({ items: 3, pack_tokens: 120 }),
    "codemem injected · 3 memories · ~120 tokens",
  );
  assert.equal(injectedWords({ items: 1 }), "codemem injected · 1 memory");
});

test("the log has one line a problem, and is private", async (t) => {
  const path = join(await folderWith(t), "new", "plugin.log");
  const log = new Log(path, { debugs: false, now: () => new Date(0) });

  log.problem("two\nlines");
  log.debug("not now");

  assert.equal(await readFile(path, "utf8"), "1970-01-01T00:00:00Z opencode: two lines\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a log that cannot be written, or is a link, disturbs nobody", async (t) => {
  const folder = await folderWith(t, { victim: "" });
  await symlink(join(folder, "victim"), join(folder, "link"));

  new Log(join(folder, "victim", "plugin.log"), { debugs: true }).debug("x");
  new Log(join(folder, "link"), { debugs: true }).debug("x");

  assert.equal(await readFile(join(folder, "victim"), "utf8"), "");
});
