// The grammar of `<private>` blocks; `private.py` of codemem's `redact` package says the same.

const TAG =
  /(?:<|\\u003c|&lt;)\s{0,8}(\/?)\s{0,8}private(?:\s[^<>]{0,200}?)?\s{0,8}(\/?)(?:>|\\u003e|&gt;)/gi;
const SPAN = /(`{1,2})(?!`)[^`\n]{1,400}\1(?!`)/g;
const BEFORE = /\b(?:the|a|an|each|every|any|that|this|our|your|of|in|with|use|using)\s{1,3}[`'"]?$/i;
const AFTER = /^[`'"]?\s{1,3}(?:tags?|blocks?|elements?|sections?|markers?|regions?)\b/i;
// Keys of what holds the parts of a message, which is not said by anybody.
const STRUCTURE = new Set(["type", "role", "id", "kind", "uuid", "name"]);

/**
 * Return a JSON value without what its strings hold between `<private>` and `</private>`. An
 * unclosed block reaches to the end of its string; in a list, to where a later item closes it.
 */
export function publicValue(value, depth = { open: 0, inList: false }, key = "") {
  if (typeof value === "string") {
    return depth.open && STRUCTURE.has(key) ? value : publicText(value, depth);
  }
  if (Array.isArray(value)) {
    const shared = depth.inList ? depth : { open: 0, inList: true };
    return value.map((item) => publicValue(item, shared));
  }
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).map(([name, item]) => {
    const own = depth.inList ? depth : { open: 0, inList: false };
    return [publicText(name), publicValue(item, own, name)];
  });
  return Object.fromEntries(pairs);
}

/** Return a text without its private blocks; `depth` carries open ones on to the next of a list. */
export function publicText(text, depth = { open: 0, inList: false }) {
  if (!/private/i.test(text)) return depth.open ? "" : text;
  const words = spokenOf(text);
  let kept = "";
  let end = 0;
  for (const tag of text.matchAll(TAG)) {
    if (words.has(tag.index)) continue;
    if (!depth.open) kept += text.slice(end, tag.index);
    if (tag[1]) depth.open = Math.max(0, depth.open - 1);
    else if (!tag[2]) depth.open += 1;
    end = tag.index + tag[0].length;
  }
  if (!depth.open) kept += text.slice(end);
  else if (!depth.inList) depth.open = 0;
  return kept;
}

/** Return where tags begin that are only spoken of: in a code span, or as "the <private> tag". */
function spokenOf(text) {
  const spans = [...text.matchAll(SPAN)].map(({ index, 0: span }) => [index, index + span.length]);
  const found = new Set();
  for (const tag of text.matchAll(TAG)) {
    const start = tag.index;
    while (spans.length && spans[0][1] <= start) spans.shift();
    const alone = spans.length && spans[0][0] < start && !isBlock(text.slice(...spans[0]));
    const near = text.slice(Math.max(0, start - 16), start);
    const after = text.slice(start + tag[0].length, start + tag[0].length + 24);
    if (alone || (BEFORE.test(near) && AFTER.test(after))) found.add(start);
  }
  return found;
}

/** Say whether a code span holds a block with something in it. */
function isBlock(span) {
  const tags = [...span.matchAll(TAG)];
  return tags.slice(1).some((closing, at) => {
    const opening = tags[at];
    const inside = span.slice(opening.index + opening[0].length, closing.index);
    return !opening[1] && closing[1] && /\w/.test(inside);
  });
}
