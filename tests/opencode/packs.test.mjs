// Packs: the warm server first, the command when it fails.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { Gate } = await load("lib/gate.js");
const { Packs } = await load("lib/packs.js");

const FENCED = "<codemem-memory-0>\ntext\n</codemem-memory-0>";
const QUESTION = {
  query: "why VAT demo a.py",
  asked: "why VAT",
  around: "a.py",
  files: ["src/a.py"],
};
const answer = (pack_text) => ({ pack_text, metrics: { items: 1 } });

/** Packs with a server that answers `{status, json}` and a command that says `stdout`. */
function asking({
  reply = () => ({ status: 200, json: answer(FENCED) }),
  stdout = "",
  chosen = null,
} = {}) {
  const world = { bodies: [], commands: [] };
  world.gate = new Gate({ look: async () => true, everyMs: 1000, backoffMs: 10_000 });
  world.packs = new Packs({
    gate: world.gate,
    post: async (body) => {
      world.bodies.push(body);
      return reply();
    },
    command: async (args, { input }) => {
      world.commands.push({ args, input });
      return { code: stdout ? 0 : 1, stdout };
    },
    place: { cwd: "/home/dev/demo", project: "demo", chosen },
    limit: 8,
    tokenBudget: 800,
  });
  return world;
}

test("the server is asked by folder, with the documented limits", async () => {
  const world = asking();

  const pack = await world.packs.find(QUESTION);

  assert.deepEqual(pack, { text: FENCED, metrics: { items: 1 } });
  assert.deepEqual(world.bodies, [
    {
      ...{ context: "why VAT", around: "a.py", cwd: "/home/dev/demo", working_set: ["src/a.py"] },
      ...{ injected: true, limit: 8, token_budget: 800 },
    },
  ]);
  assert.equal(world.commands.length, 0);
});

test("a session that begins asks for what each one should know", async () => {
  const world = asking();

  await world.packs.find({ ...QUESTION, begins: true });
  await world.packs.find({ ...QUESTION, begins: false });

  assert.deepEqual(
    world.bodies.map((body) => body.begins),
    [true, undefined],
  );
});

test("the project that the user chose stands over the folder", async () => {
  const world = asking({ chosen: "mine" });

  await world.packs.find(QUESTION);

  assert.equal(world.bodies[0].project, "mine");
  assert.equal("cwd" in world.bodies[0], false);
});

for (const [what, reply] of [
  ["fails", () => ({ status: 500, json: null })],
  ["refuses us", () => ({ status: 401, json: {} })],
  ["says nonsense", () => ({ status: 200, json: { pack_text: 7 } })],
  ["is not there", () => Promise.reject(new Error("refused"))],
]) {
  test(`when the server ${what}, the command says the same; its question is no argument`, async () => {
    const world = asking({ reply, stdout: JSON.stringify(answer(FENCED)) });

    const pack = await world.packs.find(QUESTION);

    assert.equal(pack.text, FENCED);
    assert.deepEqual(world.commands, [
      {
        args: [
          ...[
            "pack",
            "-",
            "--injected",
            "--project",
            "demo",
            "--limit",
            "8",
            "--token-budget",
            "800",
          ],
          ...["--working-set-file", "src/a.py"],
        ],
        input: "why VAT demo a.py",
      },
    ]);
  });
}

test("a server that has failed is not asked for a while", async () => {
  const world = asking({ stdout: JSON.stringify(answer("")) });
  world.gate.failed();

  assert.equal((await world.packs.find(QUESTION)).text, "");
  assert.equal(world.bodies.length, 0);
});

test("what stands in no fence may stand in no prompt", async () => {
  const world = asking({ reply: () => ({ status: 200, json: answer("## Summary") }) });

  assert.equal((await world.packs.find(QUESTION)).text, "");
});

test("nobody answers: null", async () => {
  assert.equal(await asking({ reply: () => ({ status: 500 }) }).packs.find(QUESTION), null);
  assert.equal(
    await asking({ reply: () => ({ status: 500 }), stdout: "{" }).packs.find(QUESTION),
    null,
  );
});
