// The table of secrets, prepared for scanning. `secrets.json` is a copy of the one that codemem's
// `redact` package reads; a test keeps them equal.

import { readFileSync } from "node:fs";

export const TABLE = JSON.parse(readFileSync(new URL("secrets.json", import.meta.url), "utf8"));
const NEAR = 240; // characters before a word that a rule may look at
const MORE = String.raw`[\w.~+/=-]*`; // how a long token goes on
const made = new Map();

/** Compile a pattern of the table; `{NAME}` is a part of it. Flags: y matches at one place. */
export function compiled(pattern, flags = "dyi") {
  const key = `${flags}/${pattern}`;
  if (!made.has(key)) {
    let source = pattern;
    for (const [name, part] of Object.entries(TABLE.parts)) {
      source = source.replaceAll(`{${name}}`, part);
    }
    made.set(key, new RegExp(source, flags));
  }
  return made.get(key);
}

/** Match a sticky pattern at one place of a text. */
export function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** What a secret looks like, told from a word that stands in it or before it. */
class Rule {
  #pattern = null;
  #before = null;
  #extend = null;

  constructor(row) {
    this.kind = row.kind;
    this.row = row;
  }

  /** Return where the secret lies, given that the rule's word stands at `at`. */
  find(text, at) {
    this.#pattern ??= compiled(this.row.pattern, this.row.case ? "dy" : "dyi");
    const match = matchAt(this.#pattern, text, at);
    if (!match) return null;
    const found = match.indices.groups?.secret ?? [at, at];
    const span = this.row.before ? this.#withBefore(text, at, found) : found;
    return span && this.row.extend ? this.#extended(text, span) : span;
  }

  #withBefore(text, at, [start, end]) {
    this.#before ??= compiled(this.row.before, "di");
    const near = Math.max(0, at - NEAR);
    const found = this.#before.exec(text.slice(near, at));
    if (!found) return null;
    const span = found.indices.groups?.secret;
    return span ? [near + span[0], end > at ? end : near + span[1]] : [start, end];
  }

  #extended(text, [start, end]) {
    this.#extend ??= compiled(this.row.extend === true ? MORE : this.row.extend, "yi");
    return [start, end + matchAt(this.#extend, text, end)[0].length];
  }
}

/** Kind and pattern of what follows each start of a vendor's keys. */
export const STARTS = new Map();
for (const { kind, starts, rest } of TABLE.vendors) {
  for (const start of starts) STARTS.set(start, [...(STARTS.get(start) ?? []), { kind, rest }]);
}

/** The rules of each word. */
export const RULES = new Map();
for (const row of TABLE.places) {
  for (const word of row.words) RULES.set(word, [...(RULES.get(word) ?? []), new Rule(row)]);
}
