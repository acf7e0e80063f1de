// Delivery: server first, command when the server fails, disk when both do, nothing dropped.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { Delivery } = await load("lib/delivery.js");
const { Gate } = await load("lib/gate.js");

const events = (...names) => names.map((event_id) => ({ event_id }));
const idsOf = (bodies) =>
  bodies.flatMap((body) => body.events ?? [body]).map((body) => body.event_id);

/** A delivery whose server answers `status(body)`, whose command exits with `code`, whose disk takes all. */
function delivering({ status = () => 200, code = () => 0, hardMax = 100 } = {}) {
  const world = {
    nowMs: 0,
    posted: [],
    commanded: [],
    kept: [],
    told: [],
    status,
    code,
    hasDisk: true,
  };
  const gate = new Gate({
    look: async () => true,
    everyMs: 30_000,
    backoffMs: 10_000,
    now: () => world.nowMs,
  });
  world.delivery = new Delivery({
    gate,
    hardMax,
    now: () => world.nowMs,
    post: async (body) => {
      world.posted.push(body);
      return { status: await world.status(body) };
    },
    enqueue: async (body) => {
      world.commanded.push(body);
      return world.code(body);
    },
    keep: async (bodies) => {
      if (!world.hasDisk) throw new Error("disk full");
      world.kept.push(...bodies);
    },
    tell: (what, count) => world.told.push(`${what} ${count}`),
  });
  world.settle = () => world.delivery.end(5000);
  return world;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("many events go in order, in small batches", async () => {
  const world = delivering();
  const names = Array.from({ length: 50 }, (_, n) => `e${n}`);

  world.delivery.add(events(...names));
  await world.settle();

  assert.deepEqual(idsOf(world.posted), names);
  assert.deepEqual(
    world.posted.map((body) => body.events.length),
    [20, 20, 10],
  );
  assert.equal(world.delivery.waiting, 0);
  assert.deepEqual(world.told, []);
});

for (const [what, status] of [
  ["fails", () => 500],
  ["refuses us", () => 401],
  ["is not there", () => Promise.reject(new Error("refused"))],
]) {
  test(`a server that ${what} is left alone for a while, and the command takes over`, async () => {
    const world = delivering({ status });

    world.delivery.add(events("one"));
    await turn();
    await turn();
    world.delivery.add(events("two"));
    await world.settle();

    assert.deepEqual(idsOf(world.commanded), ["one", "two"]);
    assert.equal(world.posted.length, 1);
    assert.equal(world.delivery.waiting, 0);
  });
}

test("after the pause the server is asked again", async () => {
  const answers = [500];
  const world = delivering({ status: () => answers.shift() ?? 200 });

  world.delivery.add(events("one"));
  await turn();
  await turn();
  world.nowMs = 10_000;
  world.delivery.add(events("two"));
  await world.settle();

  assert.deepEqual(idsOf(world.commanded), ["one"]);
  assert.deepEqual(idsOf(world.posted.slice(1)), ["two"]);
});

test("what neither takes goes to disk, and the command is left alone for a while, too", async () => {
  const world = delivering({ status: () => 500, code: () => null });

  world.delivery.add(events("one"));
  await turn();
  await turn();
  world.delivery.add(events("two"));
  await world.settle();

  assert.deepEqual(idsOf(world.kept), ["one", "two"]);
  assert.equal(world.commanded.length, 1);
  assert.deepEqual(world.told, ["disk 1", "disk 1"]);
});

test("what nobody takes waits for the next event", async () => {
  const world = delivering({ status: () => 500, code: () => null });
  world.hasDisk = false;

  world.delivery.add(events("one"));
  await turn();
  await turn();
  assert.equal(world.delivery.waiting, 1);
  world.hasDisk = true;
  world.delivery.add(events("two"));
  await world.settle();

  assert.deepEqual(idsOf(world.kept), ["one", "two"]);
});

test("one event the server calls wrong does not hold up the others", async () => {
  const world = delivering({ status: (body) => (idsOf([body]).includes("bad") ? 400 : 200) });

  world.delivery.add(events("one", "bad", "two"));
  await world.settle();

  const alone = world.posted.filter((body) => !body.events);
  assert.deepEqual(idsOf(alone), ["one", "bad", "two"]);
  assert.equal(world.kept.length + world.commanded.length, 0);
});

test("one event that is too large for a request goes to disk", async () => {
  const world = delivering({ status: (body) => (idsOf([body]).includes("large") ? 413 : 200) });

  world.delivery.add(events("one", "large"));
  await world.settle();

  assert.deepEqual(idsOf(world.kept), ["large"]);
});

test("a command that refuses a batch gets its events one by one; what it refuses is kept", async () => {
  const world = delivering({
    status: () => 500,
    code: (body) => (body.events || body.event_id === "bad" ? 2 : 0),
  });

  world.delivery.add(events("one", "bad", "two"));
  await world.settle();

  assert.deepEqual(idsOf(world.commanded.slice(1)), ["one", "bad", "two"]);
  assert.deepEqual(idsOf(world.kept), ["bad"]);
  assert.equal(world.delivery.waiting, 0);
});

test("beyond the hard maximum events go to disk, not away", async () => {
  const world = delivering({ status: () => new Promise(() => {}), hardMax: 25 });
  const names = Array.from({ length: 60 }, (_, n) => `e${n}`);

  world.delivery.add(events(...names.slice(0, 5)));
  await turn();
  world.delivery.add(events(...names.slice(5)));
  assert.equal(world.delivery.waiting, 25);
  await world.delivery.end(50);

  assert.deepEqual(idsOf(world.kept).sort(), [...names].sort());
  assert.equal(world.delivery.waiting, 0);
});

test("only when the disk takes nothing either, events are lost, and that is said", async () => {
  const world = delivering({ status: () => new Promise(() => {}), hardMax: 2 });
  world.hasDisk = false;

  world.delivery.add(events("one", "two", "three"));
  await world.delivery.end(50);

  assert.deepEqual(world.told, ["lost 1"]);
  assert.equal(world.delivery.waiting, 2);
});

test("at the end, what a slow server has not taken goes to disk", async () => {
  const world = delivering({ status: () => new Promise(() => {}) });

  world.delivery.add(events("one", "two"));
  await world.delivery.end(50);

  assert.deepEqual(idsOf(world.kept), ["one", "two"]);
});
