// What the user chose, from the environment.

import { homedir, userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { crc32 } from "node:zlib";

// A Unix socket's address holds 108 bytes on Linux, 104 on macOS; the server counts the same way.
const SOCKET_BYTES = 100;

/** Say whether the plugin is to do nothing: codemem sets this for the observers it starts. */
export function isOff(env) {
  return ["1", "true", "yes", "on"].includes((env.CODEMEM_PLUGIN_IGNORE ?? "").toLowerCase());
}

/** Return the settings; a value that cannot be used counts as not set. */
export function readSettings(env) {
  return {
    socket: socketPath(databasePath(env)),
    captures: isEnabled(env.CODEMEM_RAW_EVENTS),
    injects: isEnabled(env.CODEMEM_INJECT_CONTEXT),
    injectLimit: positive(env.CODEMEM_INJECT_LIMIT),
    injectTokenBudget: positive(env.CODEMEM_INJECT_TOKEN_BUDGET),
    // A prompt waits this long at most.
    injectMs: 1000 * (positive(env.CODEMEM_INJECT_HTTP_MAX_TIME_S, Number) ?? 2),
    maxEventChars: positive(env.CODEMEM_PLUGIN_MAX_EVENT_CHARS) ?? 8000,
    commandTimeoutMs: positive(env.CODEMEM_PLUGIN_CMD_TIMEOUT) ?? 20_000,
    backoffMs: Math.max(1000, positive(env.CODEMEM_RAW_EVENTS_BACKOFF_MS) ?? 10_000),
    hardMax: positive(env.CODEMEM_RAW_EVENTS_HARD_MAX) ?? 2000,
    postTimeoutMs: 5000,
    // The terminal interface gives a plugin 5 s to end.
    disposeMs: 4000,
  };
}

/** Return the project's name: `CODEMEM_PROJECT`, else the repository's or the folder's own. */
export function projectOf(env, { directory, worktree }) {
  const chosen = (env.CODEMEM_PROJECT ?? "").trim();
  // Outside a repository OpenCode calls the root of the file system the worktree.
  const folder = worktree && worktree !== "/" ? worktree : directory;
  return basename(chosen || folder || "") || null;
}

/** Return the socket of the server for a database; the same rule as the server's. */
export function socketPath(database) {
  const path = join(dirname(database), "run", `${basename(database)}.sock`);
  if (Buffer.byteLength(path) <= SOCKET_BYTES) return path;
  const digest = crc32(Buffer.from(database)).toString(16).padStart(8, "0");
  return `/tmp/codemem-${userInfo().uid}/${digest}.sock`;
}

function databasePath(env) {
  const chosen = (env.CODEMEM_DB ?? "").trim();
  if (!chosen) return join(homedir(), ".codemem", "mem.sqlite");
  return resolve(chosen.replace(/^~(?=\/|$)/, homedir()));
}

function isEnabled(value) {
  return !["0", "false", "off", "no"].includes((value ?? "").toLowerCase());
}

function positive(value, parse = (text) => Number.parseInt(text, 10)) {
  const number = parse(value || "nothing");
  return number > 0 && Number.isFinite(number) ? number : null;
}
