// The tools that the model may call.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { makeTools, schemaOf } = await load("lib/tools.js");

/** Tools over a command that says its arguments. */
function offering({ code = 0, project = "demo", schema = null } = {}) {
  const world = { inputs: [] };
  const command = async (args, { input }) => {
    world.inputs.push(input);
    return { code, stdout: `${args.join(" ")}\n` };
  };
  world.tools = makeTools({ command, project, places: ["Server: x", "Log: y"], schema });
  return world;
}

test("status shows the server, the log, statistics and what is new", async () => {
  const { tools } = offering();

  assert.equal(
    await tools["mem-status"].execute({}),
    "Server: x\nLog: y\n\nstats\n\nrecent --limit 5 --project demo",
  );
  assert.equal(await tools["mem-stats"].execute(), "stats");
});

for (const [limit, count] of [
  [undefined, 5],
  [3, 3],
  ["7", 7],
  [1e9, 50],
  [-1, 5],
  ["x", 5],
]) {
  test(`a limit of ${limit} is ${count}`, async () => {
    const { tools } = offering();

    assert.equal(
      await tools["mem-recent"].execute({ limit }),
      `recent --limit ${count} --project demo`,
    );
  });
}

test("words of a model are no options", async () => {
  const { tools } = offering({ project: null });

  assert.equal(
    await tools["mem-search"].execute({ query: "--db-path /x" }),
    "search --limit 5 --all-projects -- --db-path /x",
  );
});

test("a note is the model's, and its text is no argument; secrets stay here", async () => {
  const secret = ["gh", "p_"].join("") + "a1B2".repeat(9);
  const { tools, inputs } = offering();

  const told = await tools["mem-remember"].execute({
    kind: "decision",
    title: "-t",
    body: `use ${secret}\0`,
  });

  assert.equal(told, "remember --by-model --project demo -- decision -t -");
  assert.match(inputs[0], /^use \[REDACTED:github:[0-9a-f]{4}\]$/);
});

test("a command that fails is an answer, not an error", async () => {
  assert.match(
    await offering({ code: 3 }).tools["mem-stats"].execute({}),
    /codemem stats failed \(exit code 3\)/,
  );
});

test("arguments are described in OpenCode's own way where that is to be had", () => {
  const shape = (type) => ({
    type,
    describe: (text) => ({ type, text, optional: () => ({ type, text, isOptional: true }) }),
  });
  const schema = { string: () => shape("string"), number: () => shape("number") };

  const { query, limit } = offering({ schema }).tools["mem-search"].args;

  assert.equal(query.isOptional, undefined);
  assert.equal(limit.isOptional, true);
  assert.deepEqual(offering().tools["mem-search"].args, {});
});

test("and else as a JSON schema", () => {
  assert.deepEqual(schemaOf("mem-search").required, ["query"]);
  assert.equal(schemaOf("mem-search").properties.limit.type, "number");
  assert.equal(schemaOf("bash"), null);
});
