// When the server is worth asking.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { Gate } = await load("lib/gate.js");

/** A gate with a clock of its own, and a server that is there while `isThere`. */
function gating() {
  const world = { nowMs: 0, looks: 0, isThere: true };
  const look = async () => {
    world.looks += 1;
    return world.isThere;
  };
  world.gate = new Gate({ look, everyMs: 30_000, backoffMs: 10_000, now: () => world.nowMs });
  return world;
}

test("it looks first, and then only now and then", async () => {
  const world = gating();

  assert.equal(await world.gate.isOpen(), true);
  world.nowMs = 29_999;
  assert.equal(await world.gate.isOpen(), true);
  assert.equal(world.looks, 1);
  world.nowMs = 30_000;
  await world.gate.isOpen();
  assert.equal(world.looks, 2);
});

test("a server that is not there is left alone for a while", async () => {
  const world = gating();
  world.isThere = false;

  assert.equal(await world.gate.isOpen(), false);
  assert.equal(world.gate.isShut, true);
  world.nowMs = 9_999;
  assert.equal(await world.gate.isOpen(), false);
  assert.equal(world.looks, 1);
  world.nowMs = 10_000;
  world.isThere = true;
  assert.equal(await world.gate.isOpen(), true);
});

test("after a failed request it looks before the next one", async () => {
  const world = gating();
  await world.gate.isOpen();

  world.gate.failed();
  world.nowMs = 10_000;
  await world.gate.isOpen();

  assert.equal(world.looks, 2);
});

test("a server that was just started is asked at once", async () => {
  const world = gating();
  world.gate.failed();

  world.gate.reset();

  assert.equal(await world.gate.isOpen(), true);
});

test("a look that breaks is a no", async () => {
  const look = () => Promise.reject(new Error("refused"));
  const gate = new Gate({ look, everyMs: 1, backoffMs: 1000 });

  assert.equal(await gate.isOpen(), false);
});
