// What the user has: settings, a log, a place for codemem's files, and the program that is codemem.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";

import { agentOf } from "./agent.js";
import { run } from "./command.js";
import { readConfig } from "./config.js";
import { safePath } from "./environment.js";
import { Log } from "./log.js";
import { absolute, checkoutOf, logPath, socketPath } from "./place.js";
import { chooseRunner, findProgram } from "./programs.js";
import { projectOf } from "./project.js";
import { readSettings } from "./settings.js";

const HERE = fileURLToPath(import.meta.url);
const { version: VERSION, codemem: RELEASE } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

/**
 * Return what the user chose, for work in a folder.
 *
 * `socket` and `spoolPath` are null when the settings name no absolute path for them: events of a
 * test must not end up in the everyday database because its path was mistyped.
 *
 * @param {{directory: string, worktree: string}} input
 * @param {Record<string, string>} env
 */
export function userOf({ directory, worktree }, env) {
  const home = env.HOME || homedir();
  const settings = readSettings(env, readConfig(env, home));
  const path = safePath(env.PATH, [directory, worktree], home);
  const find = (name) => findProgram(name, path);
  const runner = chooseRunner({
    runner: settings.runner,
    from: settings.runnerFrom,
    checkout: checkoutOf(HERE),
    version: VERSION,
    published: RELEASE.published,
    find,
  });
  const database = absolute(settings.database, home);
  return {
    settings,
    runner,
    find,
    version: VERSION,
    log: new Log(logPath(settings.log, home), settings),
    socket: database && socketPath(database),
    spoolPath: absolute(settings.spool, home),
    place: {
      cwd: directory,
      project: projectOf(settings.project, directory),
      chosen: settings.project,
      agent: agentOf(),
    },
    ...callsOf(runner, { ...env, PATH: path }, settings.commandMs),
  };
}

/** Return `call`, which runs any program, and `command`, which runs codemem. */
function callsOf(runner, env, timeoutMs) {
  const call = (argv, { input = "", more = {} } = {}) =>
    run(argv, { env: { ...env, ...more }, input, timeoutMs });
  const command = (args, options = {}) =>
    call(runner.prefix.length ? [...runner.prefix, ...args] : [], options);
  return { call, command };
}
