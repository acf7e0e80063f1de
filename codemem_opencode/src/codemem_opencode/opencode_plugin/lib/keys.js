// Private keys: in their frame, cut out of it, and as lines of base64 alone.
// `key_blocks.py` of codemem's `redact` package says the same.

import { compiled, matchAt, TABLE } from "./table.js";

const KEYS = TABLE.keys;
const FRAMED_CHARS = 32_768; // no key is longer
const DASHES = /-+ ?$/;
const BEGIN = compiled(KEYS.begin, "yi");
const FIRST = compiled(KEYS.first, "yi");
const LINE = compiled(KEYS.line, "yi");
const END = compiled(KEYS.end, "gi");

/** A key after its `-----BEGIN … PRIVATE KEY-----`, as a rule of the word `begin `. */
export const framedKey = {
  kind: "private-key",

  /** Return where the key lies, frame included; null where code only names the frame. */
  find(text, at) {
    const dashes = DASHES.exec(text.slice(Math.max(0, at - 6), at))?.[0].length ?? 0;
    const begin = dashes ? matchAt(BEGIN, text, at) : null;
    if (!begin) return null;
    const inside = at + begin[0].length;
    if (!matchAt(FIRST, text, inside)) return null;
    const end = nextEnd(text, inside);
    const isNear = end && end.from - inside < FRAMED_CHARS;
    return [at - dashes, isNear ? end.to : lastLine(text, inside)];
  },
};

let searched = { text: "", at: 0, end: null };

/** Return the next end of a frame. The last answer is kept: it holds for what begins before it. */
function nextEnd(text, at) {
  const { text: same, at: from, end } = searched;
  if (same === text && from <= at && (end === null || end.from >= at)) return end;
  END.lastIndex = at;
  const found = END.exec(text);
  const next = found ? { from: found.index, to: END.lastIndex } : null;
  searched = { text, at, end: next };
  return next;
}

/** Return where the lines of a key end that was cut off. */
function lastLine(text, from) {
  let at = from;
  for (let match = matchAt(LINE, text, at); match; match = matchAt(LINE, text, at)) {
    at += match[0].length;
  }
  return at;
}

/** Yield where lines of base64 lie that are no certificate's and no public key's. */
export function* keyLines(text) {
  const frames = [...text.matchAll(compiled(KEYS.public, "gi"))];
  const open = frames.map((match) => [match.index, match.index + match[0].length]);
  let end = 0;
  for (const match of text.matchAll(compiled(KEYS.block, "dg"))) {
    const [start, stop] = match.indices.groups.secret;
    while (open.length && open[0][1] <= start) open.shift();
    if (start < end || (open.length && open[0][0] < start)) continue;
    end = Math.max(stop, lastLine(text, stop));
    yield [start, end];
  }
}
