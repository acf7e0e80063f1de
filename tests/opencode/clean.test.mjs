// What may leave this process. test_plugin.py compares the secrets with codemem's own answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { cleaned } = await load("lib/clean.js");
const { isSensitive } = await load("lib/redact.js");

for (const [text, kept] of [
  ["a<private>b</private>c", "ac"],
  ["a<PRIVATE>b<private>c</private>d</Private>e", "ae"],
  ["a<private>b", "a"],
  ["a</private>b", "ab"],
  ["plain", "plain"],
  ["half \ud800", "half \ufffd"],
]) {
  test(`what is public of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(cleaned({ k: [text, 1, null] }, 100), { k: [kept, 1, null] });
  });
}

test("long texts are cut, with a word about the rest", () => {
  assert.equal(cleaned("0123456789abcdef", 10), "0123456789\n[codemem: 6 more characters]");
  assert.match(cleaned("x".repeat(10_000), 10), /^x{10}\n\[codemem: 9990 more characters\]$/);
  assert.equal(cleaned("123\u{1f600}", 4), "123\ufffd\n[codemem: 1 more characters]");
});

test("a secret on the edge of what is kept is still known as one", () => {
  const secret = ["gh", "p_"].join("") + "a1B2".repeat(9);

  assert.match(cleaned(`see ${secret}`, 12), /^see \[REDACTE\n/);
});

test("redacting twice changes nothing, and equal secrets have equal marks", () => {
  const secret = ["sk", "ant", "x".repeat(12) + "1Yz".repeat(9)].join("-");
  const [one, other] = cleaned([secret, `again ${secret}`], 1000);

  assert.equal(other, `again ${one}`);
  assert.deepEqual(cleaned([one], 1000), [one]);
});

test("names promise secrets by whole words", () => {
  for (const name of ["authToken", "DB_PASSWORD", "X-Api-Key", "PGPASSWORD"])
    assert.equal(isSensitive(name), true);
  for (const name of ["max_tokens", "token_budget", "author", ""])
    assert.equal(isSensitive(name), false);
});
