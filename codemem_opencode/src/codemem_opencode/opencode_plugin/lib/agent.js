// Which agent runs the plugin: Kilo is built from OpenCode and takes its plugins as they are.

import { basename } from "node:path";

/** Return the source of an agent's events, by the program that it is. */
export function agentOf(program = process.execPath) {
  return basename(program).startsWith("kilo") ? "kilo" : "opencode";
}
