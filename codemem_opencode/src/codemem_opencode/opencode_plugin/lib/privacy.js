// What must not leave this process, and how long a text may be.

const TAG = /<(\/?)private>/gi;

/** Return a JSON value without what its texts hold between `<private>` and `</private>`. */
export function stripPrivate(value) {
  return mapTexts(value, publicText);
}

/** Return a JSON value with its texts cut to `maxChars` and a notice in place of the rest. */
export function shorten(value, maxChars) {
  return mapTexts(value, (text) => {
    if (text.length <= maxChars) return text;
    return `${text.slice(0, maxChars)}\n[codemem: ${text.length - maxChars} more characters]`;
  });
}

/** Blocks may nest; an unclosed one reaches to the end. */
function publicText(text) {
  let depth = 0;
  let from = 0;
  let kept = "";
  for (const tag of text.matchAll(TAG)) {
    if (depth === 0) kept += text.slice(from, tag.index);
    depth = tag[1] ? Math.max(0, depth - 1) : depth + 1;
    from = tag.index + tag[0].length;
  }
  return depth === 0 ? kept + text.slice(from) : kept;
}

function mapTexts(value, change) {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).map(([key, item]) => [change(key), mapTexts(item, change)]);
  return Object.fromEntries(pairs);
}
