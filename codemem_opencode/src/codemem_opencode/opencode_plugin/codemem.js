// codemem inside OpenCode. What each part does stands in lib/.
//
// One default export and no other: OpenCode calls every exported function as a plugin and refuses
// a file that exports anything else.

import { userEnvironment } from "./lib/environment.js";
import { start } from "./lib/plugin.js";

// OpenCode's second argument, the options of the config file that names this one, is not read: that
// file may be a repository's.
/** @type {import("@opencode-ai/plugin").Plugin} */
export default async function codemem(input) {
  return start(input, userEnvironment([input.directory, process.cwd()]), await schemaOfOpenCode());
}

/** Return what OpenCode describes arguments with; it is only there where OpenCode installed it. */
async function schemaOfOpenCode() {
  try {
    return (await import("@opencode-ai/plugin")).tool.schema;
  } catch {
    return null;
  }
}
