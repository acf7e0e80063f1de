// Where codemem keeps its files; the same rules as in codemem itself.

import { homedir, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { crc32 } from "node:zlib";

// A Unix socket's address holds 108 bytes on Linux, 104 on macOS; the server counts the same way.
const SOCKET_BYTES = 100;
const NO_PATHS = new Set(["", "0", "false", "off", "no", "1", "true", "yes", "on"]);

/** Return an absolute path; null for a relative one, which would be the project's, not the user's. */
export function absolute(path, home = homedir()) {
  const full = path.replace(/^~(?=\/|$)/, home);
  return isAbsolute(full) ? normalize(full) : null;
}

/** Return the socket of the server for a database. */
export function socketPath(database) {
  const path = join(dirname(database), "run", `${basename(database)}.sock`);
  if (Buffer.byteLength(path) <= SOCKET_BYTES) return path;
  const digest = crc32(Buffer.from(database)).toString(16).padStart(8, "0");
  return `/tmp/codemem-${userInfo().uid}/${digest}.sock`;
}

/** Return the log file; `chosen` is a path, or only switches it on or off. */
export function logPath(chosen, home = homedir()) {
  const path = NO_PATHS.has((chosen ?? "").toLowerCase()) ? null : absolute(chosen, home);
  return path ?? join(home, ".codemem", "plugin.log");
}

/** Return the folder of the checkout that holds `file`, or null when it was installed. */
export function checkoutOf(file) {
  const inside = join("codemem_opencode", "src", "codemem_opencode", "opencode_plugin", "lib");
  const folder = dirname(file);
  return folder.endsWith(`/${inside}`) ? folder.slice(0, -inside.length - 1) : null;
}
