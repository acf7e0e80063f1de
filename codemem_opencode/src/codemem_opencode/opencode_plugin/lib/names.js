// Secrets told by the name beside them: `DB_PASS=…`, `"clientSecret": "…"`, `--token …`.
// `names.py` of codemem's `redact` package says the same.

import { compiled, matchAt, TABLE } from "./table.js";

const NAMES = TABLE.names;
const PEEK = 64; // characters that tell a random value from another one
const WORD = new RegExp(NAMES.word, "g");
const TAIL = compiled(NAMES.tail, "yi");
const BESIDE = compiled(NAMES.beside, "yi");
const BARE = compiled(NAMES.bare, "yi");
const QUOTED = compiled(NAMES.quoted);
const HARMLESS = compiled(NAMES.harmless, "yi");
const CODE = compiled(NAMES.code, "yi");
const PLACE = compiled(NAMES.place, "yi");
const MADE_UP = compiled(`^(?:${NAMES.made_up})$`, "");
const STRICT = compiled(`^(?:${NAMES.strict})$`, "i");
const DIRECTIVE = compiled(`^(?:${NAMES.directive})$`, "i");
const SET = compiled(NAMES.set, "i");
// How a value stands beside its name, which decides what is believed to be a secret.
const SURE = new Set(["leaf", "quoted", "env", "flag", "xml", "pair"]);
const HOW = ["assign", "xml", "pair", "call", "prose", "cell", "space"];
const HEAD_CHARS = 40;
const IN_NAME = /[\w.-]/;

const begins = (pattern, text) => matchAt(pattern, text, 0) !== null;
const known = new Map();

/** What a name promises: `level` is 2 for a secret, 1 for what may be one (`auth`, `pw`), else 0. */
function lookUp(name) {
  let found = known.get(name);
  if (!found) {
    if (known.size > 4096) known.clear();
    const words = (name.match(WORD) ?? []).join("_").toLowerCase();
    const has = (pattern) => compiled(pattern, "i").test(words);
    const level = has(NAMES.about) ? 0 : has(NAMES.certain) ? 2 : has(NAMES.likely) ? 1 : 0;
    found = { level, isPassword: has(NAMES.password) };
    known.set(name, found);
  }
  return found;
}

/** Return 2 when a name promises a secret, 1 when it may (`auth`, `pw`), 0 when it does not. */
export const promise = (name) => lookUp(name).level;

/** Say whether a name promises a secret: `authToken`, `DB_PASSWORD`; but not `max_tokens`. */
export const isSensitive = (name) => promise(name) === 2;

const isPassword = (name) => lookUp(name).isPassword;

/** Say whether a value is a placeholder, a reference or a type. */
export const isHarmless = (value) => begins(HARMLESS, value);

/** Return where the name ends that has a telling word at `at`, and where its secret lies. */
export function namedSecret(text, at) {
  const end = at + matchAt(TAIL, text, at)[0].length;
  const start = headOf(text, at);
  const name = text.slice(start, end);
  return { end, span: promise(name) ? valueSpan(text, name, start, end) : null };
}

/** Return where a name begins; in `\nTOKEN=` the n is a line break. */
function headOf(text, at) {
  let start = at;
  while (start > Math.max(0, at - HEAD_CHARS) && IN_NAME.test(text[start - 1])) start -= 1;
  return text[start - 1] === "\\" && start < at ? start + 1 : start;
}

function valueSpan(text, name, start, end) {
  const beside = matchAt(BESIDE, text, end);
  if (!beside) return null;
  const stands = HOW.find((each) => beside.groups[each] !== undefined);
  const at = end + beside[0].length;
  if (stands === "xml") {
    return judged(name, "xml", matchAt(compiled(NAMES.xml), text, at), text, start);
  }
  const quoted = matchAt(QUOTED, text, at);
  const how = stands === "space" ? ofSpace(text, name, start, quoted !== null) : stands;
  if (!how) return null;
  if (quoted) return judged(name, how === "assign" ? "quoted" : how, quoted, text, start);
  if (how === "call" && stands !== "space") return null;
  return bareSpan(text, name, how, at, beside[0].trim() === "=");
}

/** Return how a value stands that only white space parts from its name. */
function ofSpace(text, name, start, quoted) {
  if (name.startsWith("-") || DIRECTIVE.test(name)) return "flag";
  if (SET.test(text.slice(Math.max(0, start - 12), start))) return "env";
  const told = !quoted || (name.match(WORD) ?? []).length > 1;
  return told && isSensitive(name) && isPassword(name) ? "call" : "";
}

function judged(name, how, match, text, start) {
  if (!match || (how === "xml" && !["<", '"', "'", ":", ""].includes(text.charAt(start - 1)))) {
    return null;
  }
  return isSecret(name, match.groups.value, how) ? match.indices.groups.value : null;
}

function bareSpan(text, name, how, at, isEqual) {
  const peek = matchAt(BARE, text, at)?.[0];
  if (!peek) return null;
  const isUpper = /[A-Z]/.test(name) && name === name.toUpperCase();
  const inEnvironment = how === "env" || (how === "assign" && isEqual && isUpper);
  if (begins(CODE, peek) && !(inEnvironment && !"()[]{}".includes(peek.at(-1)))) return null;
  let value = inEnvironment ? peek : peek.split(/[&|<>(){}[\]]/, 1)[0];
  if (how === "prose") value = value.replace(/[.!?]+$/, "");
  if (!isSecret(name, value, inEnvironment ? "env" : how)) return null;
  const end = at + value.length;
  if (value.length !== peek.length) return [at, end];
  const rest = compiled(inEnvironment ? NAMES.rest : NAMES.plain_rest);
  return [at, end + matchAt(rest, text, end)[0].length];
}

/** Say whether a value may be the secret that a name promises, given how it stands there. */
export function isSecret(name, value, how) {
  if (value.length < 4 || isHarmless(value)) return false;
  const sure = SURE.has(how);
  const level = promise(name);
  if (isPassword(name)) return isPasswordValue(value, how, level, sure);
  if (how === "leaf" && level === 2) return true;
  if (/(?:mnemonic|phrase)$/i.test(name)) return value.split(" ").length > 11;
  const digits = (value.match(/\d/g) ?? []).length;
  if (how === "env" && level === 2 && isMadeUp(value) && digits > 1) return true;
  return isRandom(value.slice(0, PEEK)); // enough to tell
}

function isPasswordValue(value, how, level, sure) {
  if ((how === "flag" || how === "quoted") && isWord(how, value)) return false;
  if (level === 2 && sure) return how !== "xml" || isMadeUp(value) || isRandom(value.slice(0, PEEK));
  if (level === 2 && how === "assign") return !/^[A-Za-z_.]+$/.test(value);
  if (sure && how !== "quoted" && !begins(PLACE, value)) return !/\s/.test(value);
  return isMadeUp(value) && (sure || STRICT.test(value));
}

function isWord(how, value) {
  if (how === "flag") return /^[a-z]+$/.test(value);
  return /^\p{L}+$/u.test(value) && value.toLowerCase().includes("pass");
}

/** Say whether a value looks like a password: letters with digits or signs, and no place. */
function isMadeUp(value) {
  const looksLike = MADE_UP.test(value);
  return looksLike && !begins(PLACE, value) && !begins(CODE, value);
}

/** Tell a key from an identifier: letters, capitals and digits take turns, vowels are few. */
function isRandom(text) {
  const seen = new Set();
  let [count, turns, vowels, last] = [0, 0, 0, -1];
  for (const char of text) {
    const kind = kindOf(char);
    if (kind === -1) continue;
    // `aB` is a turn and `Ab` is none, else camelCase would look random.
    if (count && kind !== last && !(last === 2 && kind === 0)) turns += 1;
    if ("aeiouAEIOU".includes(char)) vowels += 1;
    seen.add(kind);
    count += 1;
    last = kind;
  }
  if (count >= 16 && seen.size > 1 && vowels * 5 <= count) return true;
  if (seen.has(1)) return count >= 8 && turns >= Math.max(3, count / 8);
  return count >= 10 && turns >= count / 5;
}

/** Return 0 for a letter, 1 for a digit, 2 for a capital, -1 for anything else. */
function kindOf(char) {
  if (char >= "a" && char <= "z") return 0;
  if (char >= "0" && char <= "9") return 1;
  if (char >= "A" && char <= "Z") return 2;
  if (char < "\x80" || !/[\p{L}\p{N}]/u.test(char)) return -1;
  return /\p{Lu}/u.test(char) ? 2 : 0;
}
