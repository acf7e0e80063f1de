// The user's config file.

import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { parsed, readConfig } = await load("lib/config.js");

test("comments and trailing commas are left out, but not in texts", () => {
  const text =
    '\ufeff{ // a\n "url": "http://x/*no*/", /* b, */ "list": [1, 2, /* c */ ], "quote": "\\",}", }';

  assert.deepEqual(parsed(text), { url: "http://x/*no*/", list: [1, 2], quote: '",}' });
});

for (const text of ["", "[]", "null", "{", '"text"', "// only"]) {
  test(`no object, no settings: ${text || "nothing"}`, () => assert.deepEqual(parsed(text), {}));
}

test("the file lies in the home folder, or where the user says", async (t) => {
  const home = await folderWith(t, {
    ".config/codemem/config.jsonc": '{"db": "/a"}',
    "own.json": '{"db": "/b"}',
  });

  assert.deepEqual(readConfig({}, home), { db: "/a" });
  assert.deepEqual(readConfig({ CODEMEM_CONFIG: join(home, "own.json") }, home), { db: "/b" });
  assert.deepEqual(readConfig({ CODEMEM_CONFIG: "~/own.json" }, home), { db: "/b" });
  assert.deepEqual(readConfig({ CODEMEM_CONFIG: "own.json" }, home), { db: "/a" });
  assert.deepEqual(readConfig({}, join(home, "elsewhere")), {});
});

test("a file that others can write does not count", async (t) => {
  const home = await folderWith(t, { ".config/codemem/config.json": '{"runner": "/evil"}' });
  await chmod(join(home, ".config/codemem/config.json"), 0o666);

  assert.deepEqual(readConfig({}, home), {});
});
