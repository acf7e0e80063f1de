// What may leave this process. test_plugin.py compares the secrets with codemem's own answer.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { cleaned } = await load("lib/clean.js");
const { isSensitive } = await load("lib/names.js");

const cases = JSON.parse(
  await readFile(new URL("../core/redact/private_cases.json", import.meta.url), "utf8"),
);
for (const [said, kept] of [...cases, ["half \ud800", "half \ufffd"]]) {
  test(`what is public of ${JSON.stringify(said)}`, () => {
    assert.deepEqual(cleaned({ k: said }, 1000), { k: kept });
  });
}

test("of what is too much for one event the beginning is kept", () => {
  const long = cleaned({ a: "x".repeat(400_000), b: "y".repeat(10), c: ["z"], d: "w".repeat(300) }, 1_000_000);
  const many = cleaned(Object.fromEntries(Array(9000).fill(1).map((_, at) => [`k${at}`, at])), 100);

  assert.match(long.a, /^x{250000,}\n\[codemem: \d+ more characters\]$/);
  assert.equal(long.b, "y".repeat(10));
  assert.match(long.d, /^\n\[codemem: 300 more characters\]$/);
  assert.equal(Object.keys(many).length, 5000);
  assert.equal(many.codemem_left_out, "more fields");
});

test("a secret that was cut in two is not kept", () => {
  const cut = cleaned(`${"x".repeat(12_200)} gh${"p_"}${"a1B2".repeat(9)}`, 8000);

  assert.doesNotMatch(cut, /p_/);
});

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
