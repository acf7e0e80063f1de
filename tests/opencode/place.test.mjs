// Where files are; test_plugin.py compares this with codemem's own answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { absolute, checkoutOf, logPath, socketPath } = await load("lib/place.js");
const { label } = await load("lib/project.js");

test("a path is absolute or none", () => {
  assert.equal(absolute("~/a/../b", "/h"), "/h/b");
  assert.equal(absolute("/a//b", "/h"), "/a/b");
  assert.equal(absolute("a/b", "/h"), null);
});

test("the socket stands beside the database, or in /tmp when its path is too long", () => {
  assert.equal(socketPath("/h/.codemem/mem.sqlite"), "/h/.codemem/run/mem.sqlite.sock");
  assert.match(
    socketPath(`/${"d".repeat(90)}/mem.sqlite`),
    /^\/tmp\/codemem-\d+\/[0-9a-f]{8}\.sock$/,
  );
});

test("the log lies where the user says, if that is a path", () => {
  assert.equal(logPath("/l/x.log", "/h"), "/l/x.log");
  assert.equal(logPath("1", "/h"), "/h/.codemem/plugin.log");
  assert.equal(logPath("x.log", "/h"), "/h/.codemem/plugin.log");
});

test("a linked plugin knows its checkout", () => {
  const inside = "codemem_opencode/src/codemem_opencode/opencode_plugin/lib/user.js";

  assert.equal(checkoutOf(`/me/codemem/${inside}`), "/me/codemem");
  assert.equal(checkoutOf("/lib/site-packages/codemem_opencode/opencode_plugin/lib/user.js"), null);
});

for (const [text, expected] of [
  ["/Users/adam/workspace/codemem", "codemem"],
  ["C:\\Users\\adam\\workspace\\codemem", "codemem"],
  ["D:/dev/client-demo", "client-demo"],
  ["\\\\server\\share\\team\\project-x", "project-x"],
  ["plain", "plain"],
  ["fatal: not a git repository", null],
  ["/", null],
  [" ", null],
]) {
  test(`the label of ${text} is ${expected}`, () => assert.equal(label(text), expected));
}
