// The spool: what lies on disk, and who may read it. test_plugin.py has codemem drain it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { Spool, SpoolFull } = await load("lib/spool.js");
const caps = { maxFiles: 100, maxBytes: 1_000_000 };
const modeOf = async (path) => (await stat(path)).mode & 0o777;

test("each event is a file of its own, in order, for the user alone", async (t) => {
  const path = join(await folderWith(t), "deep", "spool");

  await new Spool(path, caps).keep([{ event_id: "a" }, { event_id: "b" }]);

  const names = (await readdir(join(path, "new"))).sort();
  assert.equal(names.length, 2);
  for (const name of names) assert.match(name, /^\d{19}\.opencode\.[0-9a-f]{8}\.0$/);
  const [digest, content] = (await readFile(join(path, "new", names[1]), "utf8")).split("\n");
  assert.equal(digest, createHash("sha256").update(content).digest("hex"));
  assert.deepEqual(JSON.parse(content), {
    source: "opencode",
    form: "raw_event",
    payload: { event_id: "b" },
  });
  assert.deepEqual([await modeOf(path), await modeOf(join(path, "new", names[0]))], [0o700, 0o600]);
  assert.deepEqual(await readdir(join(path, "tmp")), []);
});

test("a full spool takes nothing more, and counts it", async (t) => {
  const path = join(await folderWith(t), "spool");
  const spool = new Spool(path, { ...caps, maxFiles: 1 });

  await assert.rejects(spool.keep([{ n: 1 }, { n: 2 }]), SpoolFull);
  await assert.rejects(spool.keep([{ n: 3 }]), SpoolFull);

  assert.equal((await readdir(join(path, "new"))).length, 1);
  const [name] = await readdir(join(path, "refused"));
  assert.match(name, /^\d{4}-\d\d-\d\d\.opencode$/);
  assert.equal((await stat(join(path, "refused", name))).size, 2);
});

test("bytes count too", async (t) => {
  const spool = new Spool(join(await folderWith(t), "spool"), { ...caps, maxBytes: 300 });

  await spool.keep([{ text: "x".repeat(100) }]);

  await assert.rejects(spool.keep([{ text: "x".repeat(100) }]), SpoolFull);
});

test("a folder that others could read is closed, a link in its place is refused", async (t) => {
  const home = await folderWith(t);
  await mkdir(join(home, "open"));
  await chmod(join(home, "open"), 0o755);
  await mkdir(join(home, "victim"));
  await symlink(join(home, "victim"), join(home, "link"));

  await new Spool(join(home, "open"), caps).keep([{ n: 1 }]);
  await assert.rejects(
    new Spool(join(home, "link"), caps).keep([{ n: 1 }]),
    /not a folder of this user/,
  );

  assert.equal(await modeOf(join(home, "open")), 0o700);
  assert.deepEqual(await readdir(join(home, "victim")), []);
});
