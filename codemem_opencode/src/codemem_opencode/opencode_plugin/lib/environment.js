// The user's environment, without what the folder OpenCode was started in may have added to it.

import { readFileSync } from "node:fs";
import { delimiter, isAbsolute, join, relative, sep } from "node:path";

// What programs built with Bun may read by themselves from the folder they are started in.
const KINDS = ["", ".development", ".production", ".test"];
const DOTENV = KINDS.flatMap((kind) => [`.env${kind}`, `.env${kind}.local`]);
// Whoever sets these asks codemem to do less: they are kept even when they are a repository's.
const SWITCHES = new Set([
  "CODEMEM_PLUGIN_IGNORE",
  "CODEMEM_RAW_EVENTS",
  "CODEMEM_INJECT_CONTEXT",
  "CODEMEM_VIEWER",
  "CODEMEM_VIEWER_AUTO",
]);

/**
 * Return the variables this process was started with.
 *
 * Linux keeps them where nothing changes them. Elsewhere every variable that a `.env` file in one
 * of the `folders` names is left out.
 */
export function userEnvironment(folders, { env = process.env, file = "/proc/self/environ" } = {}) {
  const started = contentOf(file);
  if (started) return Object.fromEntries(started.split("\0").filter(Boolean).map(pair));
  const planted = new Set(
    folders.flatMap((folder) => DOTENV.flatMap((name) => namedIn(join(folder, name)))),
  );
  const isKept = (name) => SWITCHES.has(name) || !planted.has(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => isKept(name)));
}

/**
 * Return a PATH without what a repository can fill: relative folders, whatever lies in `folders`, and
 * the `node_modules` of these and all above them, which npm puts in front of everything.
 */
export function safePath(path, folders, home) {
  const absolute = folders.filter((folder) => isAbsolute(folder));
  // A session in the home folder would otherwise leave nothing of ~/.local/bin.
  const projects = absolute.filter((folder) => !isWithin(home, folder));
  return (path ?? "")
    .split(delimiter)
    .filter((entry) => isAbsolute(entry) && !projects.some((folder) => isWithin(entry, folder)))
    .filter((entry) => !absolute.some((folder) => isWithin(folder, ownerOf(entry))))
    .join(delimiter);
}

/** Return the folder whose `node_modules` an entry lies in, else the entry itself. */
function ownerOf(entry) {
  const at = entry.indexOf(`${sep}node_modules${sep}`);
  return at < 0 ? entry : entry.slice(0, at) || sep;
}

function isWithin(path, folder) {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function pair(line) {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

function namedIn(file) {
  const text = contentOf(file) ?? "";
  return [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]/gm)].map((match) => match[1]);
}

function contentOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
