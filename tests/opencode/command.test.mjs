// Calls of the command: what it gets, what it says, and that it ends.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { run } = await load("lib/command.js");
const options = { env: { PATH: "/usr/bin:/bin", MARK: "mine" }, timeoutMs: 20_000 };

test("a program gets arguments, input and environment, and no folder of a project", async (t) => {
  const folder = await folderWith(t, {
    codemem: '#!/bin/sh\nprintf "%s|" "$@" "$(cat)" "$MARK" "$PWD"; exit 3\n',
  });

  const done = await run([join(folder, "codemem"), "pack", "a b"], { ...options, input: "words" });

  assert.deepEqual(done, { code: 3, stdout: "pack|a b|words|mine|/|" });
});

test("a program that hangs is stopped, with what it has started", async (t) => {
  const folder = await folderWith(t, {
    codemem: '#!/bin/sh\n(sleep 1; touch "$0.trace") &\nsleep 60\n',
  });

  const done = await run([join(folder, "codemem")], { ...options, timeoutMs: 200 });
  await sleep(1500);

  assert.equal(done.code, null);
  assert.equal(existsSync(join(folder, "codemem.trace")), false);
});

test("a missing program, and none at all, have no exit code", async () => {
  assert.equal((await run(["/no/such"], options)).code, null);
  assert.equal((await run([], options)).code, null);
});

test("a program may end before it has read its input", async () => {
  const done = await run(["true"], { ...options, input: "x".repeat(1_000_000) });

  assert.equal(done.code, 0);
});

test("a program that says too much is stopped", async () => {
  assert.equal((await run(["yes"], options)).code, null);
});
