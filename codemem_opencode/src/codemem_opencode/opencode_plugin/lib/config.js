// The user's config file: JSON, with comments and trailing commas allowed.

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";

const MOST_BYTES = 1024 * 1024;
const NAMES = ["config.json", "config.jsonc"];
// A string, a comment, or a comma before a closing bracket.
const COMMENT = String.raw`\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/`;
const PARTS = new RegExp(
  String.raw`"(?:[^"\\]|\\.)*"|${COMMENT}|,(?=(?:\s|${COMMENT})*[}\]])`,
  "g",
);

/** Return what the user's file says, `{}` when there is none; the same file as codemem's own. */
export function readConfig(env, home) {
  const named = (env.CODEMEM_CONFIG ?? "").replace(/^~(?=\/)/, home);
  const files = isAbsolute(named)
    ? [named]
    : NAMES.map((name) => join(home, ".config", "codemem", name));
  for (const file of files) {
    const text = contentOf(file);
    if (text !== null) return parsed(text);
  }
  return {};
}

/** Return an object from JSON with comments; `{}` for anything else. */
export function parsed(text) {
  const plain = text
    .replace(/^\ufeff/, "")
    .replace(PARTS, (part) => (part[0] === '"' ? part : " "));
  try {
    const value = JSON.parse(plain);
    return value && typeof value === "object" && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/** Read a regular file that only the user can write: it says which programs are run. */
function contentOf(file) {
  let descriptor;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const status = fstatSync(descriptor);
    const isOurs = [0, process.geteuid?.()].includes(status.uid) && !(status.mode & 0o002);
    return status.isFile() && isOurs && status.size <= MOST_BYTES
      ? readFileSync(descriptor, "utf8")
      : "";
  } finally {
    closeSync(descriptor);
  }
}
