// An event as it may leave this process: through JSON, public, without secrets, not too long.

import { redact } from "./redact.js";

const TAG = /<(\/?)private>/gi;
// What is looked at beyond what is kept, so that a secret on the edge is still known as one.
const MARGIN_CHARS = 4096;

/** Return a copy of a value that says what may be said of it; texts keep `maxChars` at most. */
export function cleaned(value, maxChars) {
  // `toWellFormed`: half of a surrogate pair is no text to a database.
  const plain = JSON.parse(JSON.stringify(value));
  const near = mapTexts(plain, (text) =>
    shorten(publicText(text.toWellFormed()), maxChars + MARGIN_CHARS),
  );
  return mapTexts(redact(near), (text) => shorten(text, maxChars));
}

/** Return a text without what stands between `<private>` and `</private>`; see `cleaned`. */
export function publicText(text) {
  let depth = 0;
  let from = 0;
  let kept = "";
  for (const tag of text.matchAll(TAG)) {
    // Blocks may nest; an unclosed one reaches to the end.
    if (depth === 0) kept += text.slice(from, tag.index);
    depth = tag[1] ? Math.max(0, depth - 1) : depth + 1;
    from = tag.index + tag[0].length;
  }
  return depth === 0 ? kept + text.slice(from) : kept;
}

const NOTICE = /\n\[codemem: (\d+) more characters\]$/;

function shorten(text, maxChars) {
  if (text.length <= maxChars) return text;
  const before = Number(NOTICE.exec(text)?.[1] ?? 0);
  const body = before ? text.replace(NOTICE, "") : text;
  const kept = body.slice(0, maxChars).toWellFormed();
  return `${kept}\n[codemem: ${body.length - kept.length + before} more characters]`;
}

function mapTexts(value, change) {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).map(([key, item]) => [change(key), mapTexts(item, change)]);
  return Object.fromEntries(pairs);
}
