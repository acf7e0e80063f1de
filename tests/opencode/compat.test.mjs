// An old codemem: who says what, and what is done about it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { checkCompatibility, guidance, isOlder, sourceKind, updateCommand } =
  await load("lib/compat.js");

for (const [version, minimum, older] of [
  ["0.9.19", "0.9.20", true],
  ["0.9.20", "0.9.20", false],
  ["1.0.0", "0.9.20", false],
  ["0.10.0", "0.9.20", false],
  ["1.0.0\n", "0.9.20", false],
  ["1.0", "0.9.20", true],
  ["", "0.9.20", true],
  ["1.0.0", "nonsense", false],
]) {
  test(`${JSON.stringify(version)} is ${older ? "" : "not "}older than ${minimum}`, () => {
    assert.equal(isOlder(version, minimum), older);
  });
}

for (const [from, kind] of [
  [null, "package"],
  ["codemem==1.2.0", "package"],
  ["codemem[semantic]", "package"],
  ["git+https://github.com/me/codemem", "git"],
  ["git@github.com:me/codemem.git", "git"],
  ["https://github.com/me/codemem.git", "git"],
  ["/home/me/codemem", "custom"],
  ["https://example.com/codemem-1.0-py3-none-any.whl", "custom"],
]) {
  test(`uvx takes codemem from ${from}: ${kind}`, () => assert.equal(sourceKind(from), kind));
}

for (const [runner, words] of [
  [{ kind: "uv", from: null }, /Pull the latest changes.*`uv sync`.*restart OpenCode/],
  [{ kind: "uvx", from: null }, /Update CODEMEM_RUNNER_FROM \(or the plugin\).*restart OpenCode/],
  [{ kind: "uvx", from: "git+https://h/r" }, /newer ref or source.*restart OpenCode/],
  [{ kind: "uvx", from: "/src" }, /^Update CODEMEM_RUNNER_FROM, then restart OpenCode/],
  [{ kind: "binary", from: null }, /`uv tool install --upgrade codemem`.*restart OpenCode/],
  [{ kind: "none", from: null }, /`uv tool install --upgrade codemem`.*restart OpenCode/],
]) {
  test(`guidance for ${runner.kind} from ${runner.from}`, () =>
    assert.match(guidance(runner), words));
}

const find = (name) => `/bin/${name}`;
const uvx = (from) =>
  updateCommand({ kind: "uvx", from, prefix: ["/bin/uvx"] }, { version: "1.2.3", find });

test("uvx is refreshed, but not from a pinned ref", () => {
  assert.deepEqual(uvx(null), [
    "/bin/uvx",
    "--refresh",
    "--from",
    "codemem==1.2.3",
    "codemem",
    "version",
  ]);
  assert.deepEqual(uvx("git+ssh://git@h/me/r.git")?.[3], "git+ssh://git@h/me/r.git");
  assert.equal(uvx("git+https://h/me/r.git@v1.0.0"), null);
  assert.equal(uvx("git+https://h/me/r@main#subdirectory=x"), null);
});

test("a checkout is the user's to update; an installed codemem is a uv tool", () => {
  assert.equal(
    updateCommand({ kind: "uv", from: null, prefix: [] }, { version: "1.2.3", find }),
    null,
  );
  assert.deepEqual(
    updateCommand({ kind: "binary", from: null, prefix: ["/x"] }, { version: "1.2.3", find }),
    [...["/bin/uv", "tool", "install", "--upgrade", "codemem"]],
  );
});

/** Check a codemem that has these versions one after the other. */
async function checking(policy, versions, update = ["uv"]) {
  const world = { warned: [], problems: [], ran: [], updated: 0 };
  await checkCompatibility({
    runner: { kind: "binary", from: null, prefix: ["/bin/codemem"] },
    minimum: "0.9.20",
    policy,
    installed: async () => versions.shift(),
    update,
    run: async (argv) => world.ran.push(argv),
    updated: async () => (world.updated += 1),
    warn: (message) => world.warned.push(message),
    problem: (text) => world.problems.push(text),
  });
  return world;
}

test("a new enough codemem is no event", async () => {
  assert.deepEqual(await checking("auto", ["1.0.0"]), {
    warned: [],
    problems: [],
    ran: [],
    updated: 0,
  });
});

test("notify: the user is told, and it is logged", async () => {
  const { warned, problems, ran } = await checking("notify", ["0.9.1"]);

  assert.match(warned[0], /^codemem 0.9.1 is older than 0.9.20. Run `uv tool/);
  assert.equal(problems.length, 1);
  assert.equal(ran.length, 0);
});

test("off: it is only logged", async () => {
  const { warned, problems } = await checking("off", ["0.9.1"]);

  assert.deepEqual([warned.length, problems.length], [0, 1]);
});

test("auto: an update that helps is followed by a new server, and no word", async () => {
  const { warned, ran, updated } = await checking("auto", ["0.9.1", "1.0.0"]);

  assert.deepEqual([warned.length, ran.length, updated], [0, 1, 1]);
});

test("auto: one that does not help, or is not to be had, leaves it to the user", async () => {
  assert.equal((await checking("auto", ["0.9.1", "0.9.1"])).warned.length, 1);
  const skipped = await checking("auto", ["0.9.1"], null);
  assert.deepEqual([skipped.warned.length, skipped.ran.length], [1, 0]);
});

test("a missing codemem is said to be missing", async () => {
  assert.match((await checking("notify", [""])).warned[0], /^codemem was not found/);
});
