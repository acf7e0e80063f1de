// Secrets become `[REDACTED:kind:id]` before anything leaves this process.
// `masks.py` of codemem's `redact` package says the same.

import { createHmac, randomBytes } from "node:crypto";

import { framedKey, keyLines } from "./keys.js";
import { isHarmless, isSecret, isSensitive, namedSecret, promise } from "./names.js";
import { compiled, matchAt, RULES, STARTS, TABLE } from "./table.js";

const SHORTEST = 8; // `pwd=x123` and `://:abc@`
const ROUNDS = 3;
const LONG = 36; // characters of the shortest token of `tokens`
const COST_OF_TOKEN = 0.125; // of that of a telling word
const KEY = randomBytes(16);
const ids = new Map();
const NAME_KEYS = ["name", "key", "Name", "Key", "ParameterKey", "header", "variable", "id"];
const VALUE_KEYS = new Set(["value", "Value", "ParameterValue", "val", "content", "default"]);

const TOKEN = /(?<![\w-])[\w-]{16,}/g;
const IS_TOKEN = /^[\w-]+$/;
const ENDED = [...STARTS.keys()].filter((start) => !IS_TOKEN.test(start));
const MARKS = new Set(ENDED.map((start) => start.at(-1)));
const INSIDE = /(?<!\\)(?<!%[0-9A-Fa-f])[\w-]$/; // ends a text that goes on with the same word
const LENGTHS = new Map();
for (const start of [...STARTS.keys()].sort((a, b) => b.length - a.length)) {
  if (!IS_TOKEN.test(start)) continue;
  const two = start.slice(0, 2);
  LENGTHS.set(two, new Set([...(LENGTHS.get(two) ?? []), start.length]));
}
const SHAPES = new RegExp(`^(?:${TABLE.tokens.map((row) => row.pattern).join("|")})$`);
const NAME_WORDS = new Set(TABLE.names.words);
const KEY_CONTEXT = new Set(TABLE.keys.words);
for (const word of [...NAME_WORDS, ...KEY_CONTEXT]) if (!RULES.has(word)) RULES.set(word, []);
RULES.set("begin ", [framedKey]);
// Characters of code and prose, the rarest first; each word is looked for by its rarest.
const RAREST = "~$@!&?^%\\\t<+|q`][zj;}{>*79865#342/xkw10v'=y:\",b)(-g_.hmpufcdloniarste ";
const BY_MARK = new Map();
for (const word of RULES.keys()) {
  const mark = [...word].sort((a, b) => RAREST.indexOf(a) - RAREST.indexOf(b))[0].charCodeAt(0);
  const before = word.indexOf(String.fromCharCode(mark));
  BY_MARK.set(mark, [...(BY_MARK.get(mark) ?? []), { before, word }]);
}
const MARKED = Array.from({ length: 128 }, (_, code) => BY_MARK.get(code) ?? null);

/**
 * Return a JSON value with its secrets replaced. Redacting again changes nothing.
 *
 * `most`: how often something may look like a secret in it; what lies beyond is left out.
 */
export function redact(value, most = Infinity) {
  const masks = new Masks(most);
  const clean = mapLeaves(value, (name, item) => masks.leaf(name, item));
  if (!masks.keyExpected) return clean;
  return mapLeaves(clean, (_name, item) => masks.withoutKeyLines(item));
}

/** Copy a JSON value with `change(name, leaf)` for each leaf; keys change as nameless leaves. */
function mapLeaves(value, change, name = "") {
  if (Array.isArray(value)) {
    return value.map((item, at) => mapLeaves(item, change, optionOf(value[at - 1]) || name));
  }
  if (value === null || typeof value !== "object") return change(name, value);
  // What lies inside a secret is secret, whatever it is called there.
  const inside = isSensitive(name) ? name : "";
  const told = inside ? "" : toldName(value);
  const pairs = Object.entries(value).map(([key, item]) => {
    const called = inside || (told && VALUE_KEYS.has(key) ? told : key);
    return [change("", key), mapLeaves(item, change, called)];
  });
  return Object.fromEntries(pairs);
}

/** Return the name in a pair such as `{"name": "DB_PASS", "value": "…"}`. */
function toldName(item) {
  const names = NAME_KEYS.map((key) => item[key]);
  return names.find((name) => typeof name === "string" && name.length < 80 && promise(name)) ?? "";
}

/** Return the option that an argument belongs to, as in `["--password", "…"]`. */
function optionOf(before) {
  if (typeof before !== "string" || before.length < 3 || before.length > 39) return "";
  return before.startsWith("-") && !before.includes("=") && promise(before) ? before : "";
}

class Masks {
  keyExpected = false; // something speaks of private keys: lines of base64 may be one
  #left;

  constructor(most) {
    this.#left = most;
  }

  leaf(name, item) {
    if (typeof item === "string") {
      return name && promise(name) ? this.#namedLeaf(name, item) : this.#text(item);
    }
    // A number is a count (`token: 12`), unless a password is wanted.
    const isWanted = typeof item === "number" && /passw/i.test(name) && isSensitive(name);
    return isWanted ? mask("key", String(item)) : item;
  }

  withoutKeyLines(item) {
    if (typeof item !== "string") return item;
    return replaced(item, [...keyLines(item)].map(([start, end]) => [start, end, "private-key"]));
  }

  #namedLeaf(name, text) {
    if (isSensitive(name)) return !text.trim() || isHarmless(text) ? text : mask("key", text);
    return isSecret(name, text, "leaf") ? mask("key", text) : this.#text(text);
  }

  #text(text) {
    let clean = text;
    for (let round = 0; round < ROUNDS; round += 1) {
      const next = this.#once(clean);
      if (next === clean) break;
      clean = next;
      if (this.#left < 0) break;
    }
    return clean;
  }

  #once(text) {
    if (text.length < SHORTEST) return text;
    const clean = replaced(text, this.#issued(text));
    return replaced(clean, this.#told(clean, lowered(clean)));
  }

  /** Yield the keys that their issuer marks. */
  *#issued(text) {
    let end = 0;
    for (const token of text.matchAll(TOKEN)) {
      if (token.index < end) continue;
      this.#left -= COST_OF_TOKEN;
      if (this.#left < 0) return yield [token.index, text.length, ""];
      const found = issuedAt(text, token.index, token[0]);
      if (!found) continue;
      yield found;
      end = found[1];
    }
  }

  /** Yield the secrets that something beside them tells. */
  *#told(text, low) {
    let end = 0;
    let named = 0;
    for (const [at, word] of wordsIn(low)) {
      if (at < end) continue;
      this.#left -= 1;
      if (this.#left < 0) return yield [at, text.length, ""];
      this.keyExpected ||= KEY_CONTEXT.has(word);
      let found = placed(text, at, word, end);
      if (!found && at >= named && NAME_WORDS.has(word)) {
        const name = namedSecret(text, at);
        named = name.end;
        found = name.span && [...name.span, "key"];
      }
      if (!found) continue;
      yield found;
      end = found[1];
    }
  }
}

/** Return the secret that a word at `at` tells, unless it begins before `end`; and its kind. */
function placed(text, at, word, end) {
  for (const rule of RULES.get(word)) {
    const span = rule.find(text, at);
    if (span && span[0] >= end && !isHarmless(text.slice(...span))) return [...span, rule.kind];
  }
  return null;
}

function lowered(text) {
  const low = text.toLowerCase();
  // The only character that grows: positions must stay what they are.
  return low.length === text.length ? low : text.replaceAll("\u0130", "I").toLowerCase();
}

/** Yield where each telling word begins, and the word. */
function* wordsIn(low) {
  for (let mark = 0; mark < low.length; mark += 1) {
    const code = low.charCodeAt(mark);
    const words = code < 128 ? MARKED[code] : null;
    if (!words) continue;
    for (const { before, word } of words) {
      if (mark >= before && low.startsWith(word, mark - before)) yield [mark - before, word];
    }
  }
}

function issuedAt(text, at, token) {
  for (const [from, start] of startsIn(text, at)) {
    for (const issuer of STARTS.get(start)) {
      issuer.pattern ??= compiled(issuer.rest, "y");
      const match = matchAt(issuer.pattern, text, from + start.length);
      if (match) return [from, from + start.length + match[0].length, issuer.kind];
    }
  }
  const end = at + token.length;
  const begins = token.length >= LONG ? beginsAt(text, at) : [];
  const from = begins.find((each) => SHAPES.test(text.slice(each, end)));
  return from === undefined ? null : [from, end, "vendor"];
}

/** Return where a token may begin: also after an escape, as in `\nTOKEN` and `%3DTOKEN`. */
function beginsAt(text, at) {
  const before = text[at - 1];
  const skipped = before === "\\" ? /^[nrt]/ : before === "%" ? /^[0-9A-Fa-f]{2}/ : null;
  const escape = skipped?.exec(text.slice(at, at + 2))?.[0];
  return escape ? [at, at + escape.length] : [at];
}

/** Yield what a token begins with that keys of a vendor begin with, and where; longest first. */
function* startsIn(text, at) {
  for (const from of beginsAt(text, at)) {
    for (const length of LENGTHS.get(text.slice(from, from + 2)) ?? []) {
      const start = text.slice(from, from + length);
      if (STARTS.has(start)) yield [from, start];
    }
  }
  if (!MARKS.has(text[at - 1])) return;
  for (const start of ENDED) {
    const from = at - start.length;
    const isStart = from >= 0 && text.startsWith(start, from);
    if (isStart && !INSIDE.test(text.slice(Math.max(0, from - 3), from))) yield [from, start];
  }
}

function replaced(text, spans) {
  let kept = "";
  let end = 0;
  for (const [start, stop, kind] of spans) {
    kept += text.slice(end, start) + mask(kind, text.slice(start, stop));
    end = stop;
  }
  return end ? kept + text.slice(end) : text;
}

/** Return what stands for a secret; without a kind, for what was not looked at. */
function mask(kind, secret) {
  if (!kind) return `\n[codemem: ${secret.length} more characters]`;
  const key = secret.length < 256 ? secret : "";
  const id = ids.get(key) ?? createHmac("sha256", KEY).update(secret).digest("hex").slice(0, 4);
  if (ids.size > 1024) ids.clear();
  if (key) ids.set(key, id);
  return `[REDACTED:${kind}:${id}]`;
}
