// Secrets become `[REDACTED:kind:id]` before anything leaves this process.

import { createHmac, randomBytes } from "node:crypto";

import {
  ABOUT,
  CODE,
  HARMLESS,
  HEAD,
  NAME_WORDS,
  NAMED,
  PREFIXED,
  SENSITIVE,
  SHAPED,
  WORD,
} from "./secrets.js";

const SHORTEST = 8; // `pwd=x123` and `://:abc@`
const KEY = randomBytes(16);

const literal = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
/** The start of a key not inside a word, unless an escape precedes it. */
const atEdge = (start, body) =>
  `(?<secret>${start}(?:(?<![\\w-]${start})|(?<=\\\\[nrt]${start})|(?<=%[0-9A-F]{2}${start}))${body})`;
const ISSUED = PREFIXED.flatMap(([kind, starts, body]) =>
  starts.map((start) => ({ kind, start, pattern: new RegExp(atEdge(literal(start), body), "dg") })),
);
const STARTS = new RegExp(ISSUED.map(({ start }) => literal(start)).join("|"));
const MARKED = SHAPED.map(([kind, words, pattern]) => ({
  kind,
  words,
  pattern: new RegExp(pattern, "dgi"),
}));
const WORDS = new RegExp(
  [...SHAPED.flatMap(([, words]) => words), ...NAME_WORDS].map(literal).join("|"),
  "i",
);

/** Return a JSON value with its secrets replaced. Redacting again changes nothing. */
export function redact(value, name = "") {
  if (typeof value === "string") return isSensitive(name) ? namedLeaf(value) : freeText(value);
  if (Array.isArray(value)) return value.map((item) => redact(item, name));
  if (value !== null && typeof value === "object") {
    // What lies inside a secret is secret, whatever it is called there.
    const inside = isSensitive(name) ? name : "";
    const pairs = Object.entries(value);
    return Object.fromEntries(
      pairs.map(([key, item]) => [freeText(key), redact(item, inside || key)]),
    );
  }
  // A number is a count (`token: 12`), unless a password is wanted.
  const isPassword = typeof value === "number" && /passw/i.test(name) && isSensitive(name);
  return isPassword ? mask("key", String(value)) : value;
}

const known = new Map();

/** Say whether a name promises a secret: `authToken`, `DB_PASSWORD`; but not `max_tokens`. */
export function isSensitive(name) {
  if (!known.has(name)) {
    if (known.size > 4096) known.clear();
    const words = (name.match(WORD) ?? []).join("_").toLowerCase();
    known.set(name, SENSITIVE.test(words) && !ABOUT.test(words));
  }
  return known.get(name);
}

function namedLeaf(text) {
  const filled = text.trim() && text;
  return !filled || HARMLESS.test(filled) ? filled : mask("key", filled);
}

/** A mask changes what its neighbours look like: repeat until nothing is found. */
function freeText(text) {
  let clean = text;
  for (let next = once(clean); next !== clean; next = once(clean)) clean = next;
  return clean;
}

function once(text) {
  if (text.length < SHORTEST) return text;
  let clean = text;
  if (STARTS.test(clean)) {
    for (const { kind, start, pattern } of ISSUED) {
      if (clean.includes(start)) clean = masked(kind, pattern, clean);
    }
  }
  if (!WORDS.test(clean)) return clean;
  const lowered = clean.toLowerCase();
  for (const { kind, words, pattern } of MARKED) {
    if (words.some((word) => lowered.includes(word))) {
      clean = masked(kind, pattern, clean);
    }
  }
  return NAME_WORDS.some((word) => lowered.includes(word)) ? withoutNamed(clean) : clean;
}

function masked(kind, pattern, text) {
  let kept = "";
  let end = 0;
  for (const match of /** @type {Iterable<any>} */ (text.matchAll(pattern))) {
    if (HARMLESS.test(match.groups.secret)) continue;
    const [from, to] = match.indices.groups.secret;
    kept += text.slice(end, from) + mask(kind, match.groups.secret);
    end = to;
  }
  return kept + text.slice(end);
}

function withoutNamed(text) {
  let kept = "";
  let end = 0;
  NAMED.lastIndex = 0;
  const next = () => /** @type {any} */ (NAMED.exec(text));
  for (let match = next(); match; match = next()) {
    const span = valueSpan(text, match);
    NAMED.lastIndex = span ? span[1] : match.indices.groups.tail[1];
    if (!span) continue;
    kept += text.slice(end, span[0]) + mask("key", text.slice(...span));
    end = span[1];
  }
  return kept + text.slice(end);
}

/** Return where the secret of a `name = value` stands, or null when it is code or prose. */
function valueSpan(text, { index, groups, indices }) {
  const head = HEAD.exec(text.slice(Math.max(0, index - 40), index))?.[0] ?? "";
  const name = head + text.slice(index, indices.groups.tail[1]);
  const { between, quoted, bare } = groups;
  if (!isSensitive(name) || (!between.trim() && !name.startsWith("--"))) return null;
  if (quoted !== undefined) return isSecret(name, quoted, true) ? indices.groups.quoted : null;
  const inEnvironment = /[A-Z]/.test(name) && name === name.toUpperCase() && between === "=";
  if (CODE.test(bare) && !(inEnvironment && !"()[]{}".includes(bare.at(-1)))) return null;
  const value = inEnvironment ? bare : bare.split(/[&|<>(){}[\]]/, 1)[0];
  const from = indices.groups.bare[0];
  return isSecret(name, value, inEnvironment) ? [from, from + value.length] : null;
}

/** Say whether `value` may be the secret its name promises; `sure` when it is no code. */
function isSecret(name, value, sure) {
  if (value.length < 4 || HARMLESS.test(value)) return false;
  if (name.toLowerCase().includes("pass") && (sure || !/^[A-Za-z_.]+$/.test(value))) return true;
  return isRandom(value.slice(0, 64)); // enough to tell
}

/** Tell a key from an identifier: letters, capitals and digits take turns, vowels are few. */
function isRandom(text) {
  const kinds = [...text]
    .filter((char) => /[\p{L}\p{N}]/u.test(char))
    .map((char) => (/\d/.test(char) ? 1 : 0) + (/\p{Lu}/u.test(char) ? 2 : 0));
  // `aB` is a turn and `Ab` is none, else camelCase would look random.
  const turns = kinds.filter(
    (kind, at) => at && kind !== kinds[at - 1] && !(kinds[at - 1] === 2 && kind === 0),
  ).length;
  const vowels = (text.match(/[aeiou]/gi) ?? []).length;
  const count = kinds.length;
  if (count >= 16 && new Set(kinds).size > 1 && vowels * 5 <= count) return true;
  if (kinds.includes(1)) return count >= 8 && turns >= Math.max(3, count / 8);
  return count >= 10 && turns >= count / 5;
}

function mask(kind, secret) {
  return `[REDACTED:${kind}:${createHmac("sha256", KEY).update(secret).digest("hex").slice(0, 4)}]`;
}
