// Capture: hooks and bus events become the events codemem stores.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load, replay } from "./recorded.mjs";

const { Capture } = await load("lib/capture.js");
const { Sessions } = await load("lib/sessions.js");

const capture = ({ maxChars = 8000 } = {}) =>
  new Capture({ sessions: new Sessions(), maxChars, now: () => 0 });
const ofType = (events, type) => events.map((e) => e.payload).filter((p) => p.type === type);

test("a recorded session reads as it went", () => {
  const events = replay("work_session", capture());

  assert.deepEqual(
    ofType(events, "user_prompt").map((p) => [p.prompt_number, p.prompt_text]),
    [[1, '"Please fix the zebra cache eviction bug"']],
  );
  assert.deepEqual(
    ofType(events, "assistant_message").map((p) => p.assistant_text),
    [
      "I will look at the widget store first.",
      "Fixed the zebra cache eviction bug in src/widget_store.py.",
    ],
  );
  assert.equal(ofType(events, "assistant_usage").length, 11);
  assert.deepEqual(ofType(events, "assistant_usage")[0].usage, {
    input_tokens: 1100,
    output_tokens: 40,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 100,
  });
  assert.equal(ofType(events, "session.created").length, 1);
});

test("each tool call is captured once, failed ones too", () => {
  const calls = ofType(replay("work_session", capture()), "tool.execute.after");

  assert.equal(calls.length, 12);
  assert.equal(new Set(calls.map((call) => call.call_id)).size, 12);
  assert.deepEqual(
    calls.filter((call) => call.error).map((call) => [call.tool, call.error.slice(0, 15)]),
    [
      ["read", "File not found:"],
      ["demo-throws", "demo tool faile"],
      ["bash", "The bash tool w"],
    ],
  );
  assert.deepEqual(
    calls.find((call) => call.metadata?.exit === 3).args.description,
    "Failing check",
  );
});

test("synthetic parts and compaction are neither prompts nor answers", () => {
  const events = replay("many_turns", capture());

  assert.deepEqual(
    ofType(events, "user_prompt").map((p) => p.prompt_text),
    ["hello one", "hello two", "hello three", "slow bash", "Please greet Bob", "crash the model"],
  );
  assert.equal(ofType(events, "assistant_message").length, 4);
  assert.equal(ofType(events, "session.compacted").length, 1);
});

test("sessions number their prompts apart", () => {
  const events = replay("many_turns", capture());

  const numbers = ofType(events, "user_prompt").map((p) => p.prompt_number);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 1]);
});

test("a sub-agent's prompt names the parent session", () => {
  const one = capture();
  const info = { id: "child", parentID: "parent", time: {} };
  one.event({ type: "session.created", properties: { sessionID: "child", info } });

  const [event] = one.prompt({ sessionID: "child" }, { parts: [{ type: "text", text: "say hi" }] });

  assert.equal(event.payload.parent_id, "parent");
});

test("changed files are remembered per session, newest last", () => {
  const one = capture();
  const edit = (sessionID, filePath) =>
    one.tool({ tool: "edit", sessionID, callID: "c", args: { filePath } }, { output: "ok" });
  edit("a", "x.py");
  edit("b", "z.py");
  edit("a", "y.py");
  edit("a", "x.py");
  const patchText = "*** Begin Patch\n*** Add File: new.py\n+1\n*** Update File: old.py\n";
  one.tool({ tool: "apply_patch", sessionID: "a", args: { patchText } }, { output: "ok" });

  assert.deepEqual(one.sessions.get("a").files, ["y.py", "x.py", "new.py", "old.py"]);
  assert.deepEqual(one.sessions.get("b").files, ["z.py"]);
});

test("private blocks and the rest of long results stay here", () => {
  const one = capture({ maxChars: 10 });
  const parts = [{ type: "text", text: "fix <private>my pin</private>it" }];

  const [prompt] = one.prompt({ sessionID: "a" }, { parts });
  const [call] = one.tool(
    { tool: "bash", sessionID: "a", args: { command: "<private>x</private>ls" } },
    { output: "0123456789abcdef" },
  );

  assert.equal(prompt.payload.prompt_text, "fix it");
  assert.equal(call.payload.args.command, "ls");
  assert.equal(call.payload.result, "0123456789\n[codemem: 6 more characters]");
});

test("a provider's headers and body do not leave with its error", () => {
  const error = {
    name: "APIError",
    data: { message: "no", responseHeaders: { "set-cookie": "s" } },
  };

  const [event] = capture().event({ type: "session.error", properties: { sessionID: "a", error } });

  assert.deepEqual(event.payload.properties.error, { name: "APIError", data: { message: "no" } });
});

const typed = (text) => ({ message: { id: "msg_1" }, parts: [{ type: "text", text }] });
const idle = { type: "session.idle", id: "evt_1", properties: { sessionID: "a" } };
const typesOf = (events) => events.map(({ sessionID, payload }) => `${sessionID} ${payload.type}`);

test("an idle session is flushed once, until something happens again", () => {
  const one = capture();
  one.prompt({ sessionID: "a" }, typed("hello"));

  assert.deepEqual(typesOf(one.event(idle)), ["a session.idle"]);
  assert.deepEqual(one.event(idle), []);
  one.prompt({ sessionID: "a" }, typed("again"));
  assert.equal(one.event(idle).length, 1);
});

test("a new session, and /new, flush what came before", () => {
  const one = capture();
  const created = (id, parentID) =>
    one.event({ type: "session.created", properties: { sessionID: id, info: { id, parentID } } });
  one.prompt({ sessionID: "a" }, typed("hello"));

  assert.deepEqual(typesOf(created("child", "a")), ["child session.created"]);
  assert.deepEqual(typesOf(created("b")), ["a session.idle", "b session.created"]);
  assert.deepEqual(typesOf(one.prompt({ sessionID: "b" }, typed("/new"))), [
    "b session.idle",
    "b user_prompt",
  ]);
});

test("secrets stay here, in prompts, arguments, results and errors", () => {
  const one = capture();
  const secret = ["gh", "p_"].join("") + "a1B2".repeat(9);

  const [prompt] = one.prompt({ sessionID: "a" }, typed(`use ${secret}`));
  const call = {
    tool: "bash",
    sessionID: "a",
    callID: "c",
    args: { command: `curl ${secret}`, env: { API_TOKEN: "Zq8kT2mWp0" } },
  };
  const [result] = one.tool(call, { output: `token=${secret}` });
  const state = { status: "error", input: {}, error: `bad ${secret}` };
  const [failed] = one.event({
    type: "message.part.updated",
    properties: { part: { type: "tool", sessionID: "a", tool: "x", callID: "d", state } },
  });

  const sent = JSON.stringify([prompt, result, failed]);
  assert.doesNotMatch(sent, /a1B2a1B2|Zq8k/);
  assert.equal(sent.match(/REDACTED:github/g).length, 4);
});

test("half a surrogate pair becomes a character that can be stored", () => {
  const [prompt] = capture().prompt({ sessionID: "a" }, typed("x\ud800y"));

  assert.equal(prompt.payload.prompt_text, "x\ufffdy");
});
