// Who runs the plugin.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { agentOf } = await load("lib/agent.js");
const { bodyOf } = await load("lib/envelope.js");
const EVENT = {
  sessionID: "ses_1",
  startedAt: null,
  payload: { type: "user_prompt", timestamp: "2026-11-30T22:00:00Z", prompt_text: "x" },
};

test("Kilo is known by its program", () => {
  assert.equal(agentOf("/usr/local/bin/kilo"), "kilo");
  assert.equal(agentOf("/usr/local/bin/opencode"), "opencode");
  assert.equal(agentOf("/usr/bin/node"), "opencode");
});

test("its events name it", () => {
  const place = { cwd: "/w", project: null, chosen: null };

  assert.equal(bodyOf(EVENT, { ...place, agent: "kilo" }).source, "kilo");
  assert.equal("source" in bodyOf(EVENT, { ...place, agent: "opencode" }), false);
});
