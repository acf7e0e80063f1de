// The small parts: privacy, identity, settings, command.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { stripPrivate } = await load("lib/privacy.js");
const { eventId } = await load("lib/identity.js");
const { isOff, projectOf, readSettings, socketPath } = await load("lib/settings.js");
const { enqueueByCommand } = await load("lib/command.js");

for (const [text, kept] of [
  ["a<private>b</private>c", "ac"],
  ["a<PRIVATE>b<private>c</private>d</Private>e", "ae"],
  ["a<private>b", "a"],
  ["a</private>b", "ab"],
  ["plain", "plain"],
]) {
  test(`private text is left out of ${text}`, () => {
    assert.deepEqual(stripPrivate({ k: [text, 1, null] }), { k: [kept, 1, null] });
  });
}

test("an id is the same for the same event, whatever the order of its keys", () => {
  const id = (payload) => eventId({ sessionID: "ses/1", type: "user_prompt", timestamp: "t", payload });

  assert.match(id({ a: 1 }), /^oc:ses_1:user_prompt:[0-9a-f]{20}$/);
  assert.equal(id({ a: 1, b: { c: 2, d: 3 } }), id({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(id({ a: 1 }), id({ a: 2 }));
});

test("the socket stands beside the database, or in /tmp when its path is too long", () => {
  assert.equal(socketPath("/h/.codemem/mem.sqlite"), "/h/.codemem/run/mem.sqlite.sock");
  assert.match(socketPath(`/${"d".repeat(90)}/mem.sqlite`), /^\/tmp\/codemem-\d+\/[0-9a-f]{8}\.sock$/);
});

test("settings that cannot be used count as not set", () => {
  const settings = readSettings({ CODEMEM_PLUGIN_MAX_EVENT_CHARS: "many", CODEMEM_RAW_EVENTS: "off" });

  assert.equal(settings.maxEventChars, 8000);
  assert.equal(settings.captures, false);
  assert.equal(settings.injects, true);
  assert.equal(isOff({ CODEMEM_PLUGIN_IGNORE: "1" }), true);
  assert.equal(isOff({}), false);
});

test("the project is the chosen one, else the repository's, else the folder's", () => {
  const place = { directory: "/home/dev/demo/sub", worktree: "/home/dev/demo" };

  assert.equal(projectOf({ CODEMEM_PROJECT: "mine" }, place), "mine");
  assert.equal(projectOf({}, place), "demo");
  assert.equal(projectOf({}, { ...place, worktree: "/" }), "sub");
});

test("the command gets the event on standard input, and its exit says whether it took it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "codemem-"));
  t.after(() => rm(folder, { recursive: true }));
  const command = join(folder, "codemem");
  const got = join(folder, "got");
  await writeFile(command, `#!/bin/sh\necho "$1" > ${got}; cat >> ${got}\n`);
  await chmod(command, 0o755);

  assert.equal(await enqueueByCommand({ a: 1 }, { timeoutMs: 10_000, command }), true);
  assert.equal(await readFile(got, "utf8"), 'enqueue-raw-event\n{"a":1}');
});

test("a command that fails, hangs or is missing did not take the event", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "codemem-"));
  t.after(() => rm(folder, { recursive: true }));
  const command = join(folder, "codemem");
  await writeFile(command, "#!/bin/sh\nexec sleep 60\n");
  await chmod(command, 0o755);

  assert.equal(await enqueueByCommand({}, { timeoutMs: 200, command }), false);
  assert.equal(await enqueueByCommand({}, { timeoutMs: 10_000, command: "false" }), false);
  assert.equal(await enqueueByCommand({}, { timeoutMs: 10_000, command: "/no/such" }), false);
});
