// The server is started when none runs, and told to end when nobody uses it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { Viewer } = await load("lib/viewer.js");

/** A viewer over a server that `answers`, and a command that exits with `code`. */
function viewing(t, { answers = false, code = 0, starts = true, stops = true } = {}) {
  const world = { commands: [], problems: [] };
  world.viewer = new Viewer({
    starts,
    stops,
    answers: async () => answers,
    command: async (args, more) => {
      world.commands.push([args.join(" "), more]);
      return { code };
    },
    problem: (text) => world.problems.push(text),
  });
  t.after(() => world.viewer.leave());
  return world;
}

test("a server that answers is left alone, and is not ours to restart", async (t) => {
  const { viewer, commands } = viewing(t, { answers: true });

  assert.equal(await viewer.start(), true);
  await viewer.restart();

  assert.deepEqual([viewer.isOurs, commands], [false, []]);
});

test("one is started that ends by itself, for all projects", async (t) => {
  const { viewer, commands } = viewing(t);

  assert.equal(await viewer.start(), true);
  await viewer.restart();

  const more = { CODEMEM_PROJECT: "", CODEMEM_VIEWER_UNUSED_S: "300" };
  assert.deepEqual(commands, [
    ["serve start", more],
    ["serve restart", more],
  ]);
});

test("without automatic stop it stays", async (t) => {
  const { viewer, commands } = viewing(t, { stops: false });

  await viewer.start();

  assert.deepEqual(commands, [["serve start", { CODEMEM_PROJECT: "" }]]);
});

test("without automatic start none is started", async (t) => {
  const { viewer, commands } = viewing(t, { starts: false });

  assert.equal(await viewer.start(), false);
  assert.deepEqual(commands, []);
});

test("a start that fails is noted", async (t) => {
  const { viewer, problems } = viewing(t, { code: 1 });

  assert.equal(await viewer.start(), false);
  assert.deepEqual(problems, ["the server did not start: exit code 1"]);
});

test("several sessions start it once", async (t) => {
  const { viewer, commands } = viewing(t);

  await Promise.all([viewer.start(), viewer.start()]);

  assert.equal(commands.length, 1);
});
