// What is posted, and its id.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { bodyOf, eventId } = await load("lib/envelope.js");

const TIME = "2026-11-22T07:24:34.692Z";
const idOf = (payload) =>
  eventId({ sessionID: "ses/1", type: "user_prompt", timestamp: "t", payload });

test("an event is posted as the contract says", () => {
  const payload = { type: "user_prompt", prompt_text: "one", timestamp: TIME };
  const event = { sessionID: "ses_1", startedAt: TIME, payload };

  const body = bodyOf(event, { cwd: "/home/dev/demo", project: "demo", chosen: null });

  assert.deepEqual(
    { ...body, ts_mono_ms: 0 },
    {
      session_stream_id: "ses_1",
      session_id: "ses_1",
      opencode_session_id: "ses_1",
      event_id: body.event_id,
      event_type: "user_prompt",
      ts_wall_ms: Date.parse(TIME),
      ts_mono_ms: 0,
      payload,
      cwd: "/home/dev/demo",
      project: "demo",
      started_at: TIME,
    },
  );
});

test("the project that the user chose is told as a choice", () => {
  const event = { sessionID: "s", startedAt: null, payload: { type: "x", timestamp: TIME } };

  const body = bodyOf(event, { cwd: "/a", project: "mine", chosen: "mine" });

  assert.deepEqual(body.payload.codemem, { project: "mine" });
});

test("an id is the same for the same event, whatever the order of its keys", () => {
  assert.match(idOf({ a: 1 }), /^oc:ses_1:user_prompt:[0-9a-f]{20}$/);
  assert.equal(idOf({ a: 1, b: { c: 2, d: 3 } }), idOf({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(idOf({ a: 1 }), idOf({ a: 2 }));
});

test("an id does not depend on the marks of secrets, which each process makes anew", () => {
  assert.equal(
    idOf({ a: "x [REDACTED:github:ab12] y" }),
    idOf({ a: "x [REDACTED:github:cd34] y" }),
  );
});
