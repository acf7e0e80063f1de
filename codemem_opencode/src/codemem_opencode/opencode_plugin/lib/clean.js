// An event as it may leave this process: not too much, public, without secrets, not too long.

import { publicValue } from "./private.js";
import { redact } from "./redact.js";

// What is looked at beyond what is kept, so that a secret on the edge is still known as one.
const MARGIN_CHARS = 4096;
// Of a whole event: OpenCode waits while it is looked at.
const MOST_CHARS = 256 * 1024;
const MOST_NODES = 5000;
const MOST_HITS = 4000; // ten times what the same length of code and prose has
const MOST_KEY_CHARS = 4096;
const SHORT_CHARS = 256;
// Stands, inside this module, at the end of a text that was cut.
const CUT = /\ue000(\d+)\ue000$/;
const NOTICE = /\n\[codemem: (\d+) more characters\]$/;

/** Return a copy of a value that says what may be said of it; texts keep `maxChars` at most. */
export function cleaned(value, maxChars) {
  const limits = { text: maxChars, chars: MOST_CHARS, nodes: MOST_NODES };
  return mapTexts(redact(publicValue(bounded(value, limits)), MOST_HITS), (text) => shorten(text, maxChars));
}

/** Return a copy of a value as JSON has it, with no more of it than will be looked at. */
function bounded(value, left) {
  left.nodes -= 1;
  if (typeof value === "string") return boundedText(value, left);
  if (!isNested(value)) return plain(value);
  if (typeof value.toJSON === "function") return bounded(value.toJSON(), left);
  return Array.isArray(value) ? boundedList(value, left) : boundedObject(value, left);
}

function plain(value) {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "boolean" ? value : null;
}

function boundedText(text, left) {
  const most = Math.min(left.text + MARGIN_CHARS, left.chars);
  left.chars = Math.max(0, left.chars - text.length);
  // `toWellFormed`: half of a surrogate pair is no text to a database.
  if (text.length <= most) return text.toWellFormed();
  const { body, more } = withoutNotice(text);
  const kept = body.slice(0, most);
  return `${kept.toWellFormed()}\ue000${body.length - kept.length + more}\ue000`;
}

function boundedList(items, left) {
  const kept = [];
  for (const item of items) {
    if (left.nodes <= 0) return [...kept, `[codemem: ${items.length - kept.length} more items]`];
    kept.push(bounded(item, left));
  }
  return kept;
}

/** Short values come before long ones: an event's time and type are never what is left out. */
function boundedObject(value, left) {
  const kept = {};
  const long = [];
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (left.nodes <= 0) {
      kept.codemem_left_out = "more fields";
      break;
    }
    if (item === undefined || typeof item === "function") continue;
    const name = key.slice(0, MOST_KEY_CHARS).toWellFormed();
    const isShort = typeof item === "string" ? item.length <= SHORT_CHARS : !isNested(item);
    kept[name] = isShort ? bounded(item, left) : null;
    if (!isShort) long.push([name, item]);
  }
  for (const [name, item] of long) kept[name] = bounded(item, left);
  return kept;
}

const isNested = (item) => item !== null && typeof item === "object";

/** Clip what has been redacted. Where more was cut off before, the edge may split a secret. */
function shorten(text, maxChars) {
  const cut = CUT.exec(text);
  if (!cut && text.length <= maxChars) return text;
  const { body, more } = cut
    ? { body: text.slice(0, cut.index), more: Number(cut[1]) }
    : withoutNotice(text);
  const most = cut ? Math.min(maxChars, Math.max(0, body.length - MARGIN_CHARS)) : maxChars;
  const kept = body.slice(0, most).toWellFormed();
  return `${kept}\n[codemem: ${body.length - kept.length + more} more characters]`;
}

function withoutNotice(text) {
  const notice = NOTICE.exec(text.slice(-64));
  if (!notice) return { body: text, more: 0 };
  return { body: text.slice(0, text.length - notice[0].length), more: Number(notice[1]) };
}

function mapTexts(value, change) {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).map(([key, item]) => [change(key), mapTexts(item, change)]);
  return Object.fromEntries(pairs);
}
