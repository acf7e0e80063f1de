// The plugin's log: OpenCode shows whatever a plugin prints in the middle of its own output.

import { closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

export class Log {
  /**
   * @param {string} path
   * @param {{debugs: boolean, now?: () => Date}} options `debugs`: write the plugin's life down too
   */
  constructor(path, { debugs, now = () => new Date() }) {
    this.path = path;
    this.debugs = debugs;
    this.now = now;
  }

  /** Write down what went wrong. */
  problem(text) {
    const line = `${this.now().toISOString().slice(0, 19)}Z opencode: ${text.replace(/\s+/g, " ")}\n`;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = openSync(this.path, FLAGS, 0o600);
      writeSync(file, line);
      closeSync(file);
    } catch {
      // A log that takes nothing is no reason to disturb anybody.
    }
  }

  /** Write down what happens, when somebody looks for a bug. */
  debug(text) {
    if (this.debugs) this.problem(text);
  }
}
