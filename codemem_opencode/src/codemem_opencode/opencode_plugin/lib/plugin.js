// The parts put together for one open folder.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";

import { Capture } from "./capture.js";
import { run } from "./command.js";
import { checkCompatibility, updateCommand } from "./compat.js";
import { readConfig } from "./config.js";
import { Delivery } from "./delivery.js";
import { safePath } from "./environment.js";
import { bodyOf } from "./envelope.js";
import { Gate } from "./gate.js";
import { Injection } from "./inject.js";
import { Log } from "./log.js";
import { Packs } from "./packs.js";
import { absolute, checkoutOf, logPath, socketPath } from "./place.js";
import { chooseRunner, findProgram } from "./programs.js";
import { projectOf } from "./project.js";
import { ask } from "./server.js";
import { Sessions } from "./sessions.js";
import { isOff, readSettings } from "./settings.js";
import { Spool } from "./spool.js";
import { injectedWords, Toasts } from "./toasts.js";
import { makeTools, schemaOf } from "./tools.js";
import { Viewer } from "./viewer.js";

const LOOK_MS = 1000;
const HERE = fileURLToPath(import.meta.url);
const VERSION = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

// OpenCode makes one plugin for each open folder; two copies of this code in one folder are one.
const FOLDERS = Symbol.for("codemem.opencode.folders");

/**
 * Return the hooks for a folder; none when codemem is to stay out of it.
 *
 * @param {import("@opencode-ai/plugin").PluginInput} input
 * @param {Record<string, string>} env the user's environment
 * @param {any} schema zod of `@opencode-ai/plugin`, or null
 * @returns {Promise<import("@opencode-ai/plugin").Hooks>}
 */
export async function start({ client, directory, worktree }, env, schema = null) {
  const folders = (globalThis[FOLDERS] ??= new Set());
  if (isOff(env) || folders.has(directory)) return {};
  folders.add(directory);

  const home = env.HOME || homedir();
  const settings = readSettings(env, readConfig(env, home));
  const log = new Log(logPath(settings.log, home), settings);
  const toasts = new Toasts(client);
  const database = absolute(settings.database, home);
  const spoolPath = absolute(settings.spool, home);
  if (!database || !spoolPath) {
    log.problem("CODEMEM_DB or CODEMEM_CLAUDE_HOOK_SPOOL_DIR is not an absolute path");
    toasts.show("codemem is off: its database must be named by an absolute path", "error");
    return {};
  }

  const path = safePath(env.PATH, [directory, worktree], home);
  const find = (name) => findProgram(name, path);
  const runner = chooseRunner({
    runner: settings.runner,
    from: settings.runnerFrom,
    checkout: checkoutOf(HERE),
    version: VERSION,
    find,
  });
  const call = (argv, input = "") => run(argv, { env: { ...env, PATH: path }, input, timeoutMs: settings.commandMs });
  const command = (args, input = "") => call(runner.prefix.length ? [...runner.prefix, ...args] : [], input);

  const socket = socketPath(database);
  const place = { cwd: directory, project: projectOf(settings.project, directory), chosen: settings.project };
  const answers = () => ask(socket, "/api/health", { timeoutMs: LOOK_MS }).then(({ status }) => status === 200, () => false);
  const gate = new Gate({ look: () => takesEvents(socket), everyMs: settings.statusCheckMs, backoffMs: settings.backoffMs });
  const spool = new Spool(spoolPath, { maxFiles: settings.spoolFiles, maxBytes: settings.spoolBytes });
  const sessions = new Sessions();
  const capture = new Capture({ sessions, maxChars: settings.maxEventChars });
  const delivery = new Delivery({
    post: (body) => ask(socket, "/api/raw-events", { body, timeoutMs: settings.postMs }),
    gate,
    enqueue: async (body) => (await command(["enqueue-raw-event"], JSON.stringify(body))).code,
    keep: (bodies) => spool.keep(bodies),
    hardMax: settings.hardMax,
    tell: (what, count) => detour(what, count, log, toasts),
  });
  const packs = new Packs({
    post: (body) => ask(socket, "/api/pack", { body, timeoutMs: settings.injectMs / 2 }),
    gate,
    command,
    place,
    limit: settings.injectLimit,
    tokenBudget: settings.injectTokenBudget,
  });
  const injection = new Injection({
    find: (question) => packs.find(question),
    sessions,
    project: place.project,
    waitMs: settings.injectMs,
    injected: (metrics) => toasts.show(injectedWords(metrics)),
  });
  const viewer = new Viewer({
    starts: settings.viewer && settings.viewerStarts && runner.kind !== "none",
    stops: settings.viewerStops,
    answers,
    command,
    problem: (text) => log.problem(text),
  });
  const openServer = () => settings.viewer && viewer.start().then((isThere) => isThere && gate.reset());
  const deliver = (events) => settings.captures && delivery.add(events.map((event) => bodyOf(event, place)));

  // Neither is waited for: OpenCode starts no later for it.
  openServer();
  checkCompatibility({
    runner,
    minimum: settings.minVersion,
    policy: settings.updatePolicy,
    installed: async () => (await command(["version"])).stdout.trim(),
    update: updateCommand(runner, { version: VERSION, find }),
    run: call,
    updated: () => viewer.restart(),
    warn: (message) => toasts.show(message, "warning"),
    problem: (text) => log.problem(text),
  }).catch(() => {});
  log.debug(`started in ${directory}, runner ${runner.kind}, server ${socket}`);

  const safely = (name, hook) => async (...given) => {
    try {
      await hook(...given);
    } catch (error) {
      // An event hook that throws hangs `opencode run`; any other fails the prompt.
      log.debug(`${name}: ${error?.stack ?? error}`);
    }
  };
  return {
    event: safely("event", ({ event }) => {
      if (event.type === "session.created") openServer();
      deliver(capture.event(event));
    }),
    "chat.message": safely("chat.message", (input, output) => {
      deliver(capture.prompt(input, output));
      if (settings.injects) injection.prepare(input.sessionID, output.message.id);
    }),
    "tool.execute.after": safely("tool.execute.after", (input, output) => deliver(capture.tool(input, output))),
    "experimental.session.compacting": safely("compacting", ({ sessionID }) => injection.compacting(sessionID)),
    "experimental.chat.messages.transform": safely("transform", async (_input, { messages }) => {
      if (settings.injects) await injection.addTo(messages);
    }),
    "tool.definition": safely("tool.definition", ({ toolID }, output) => {
      const known = schema ? null : schemaOf(toolID);
      if (known) output.jsonSchema = known;
    }),
    tool: makeTools({
      command,
      project: place.project,
      places: [`Server: http://${settings.viewerHost}:${settings.viewerPort}/`, `Log: ${log.path}`],
      schema,
    }),
    dispose: safely("dispose", async () => {
      folders.delete(directory);
      viewer.leave();
      await delivery.end(settings.disposeMs);
      log.debug(`ended in ${directory}, ${delivery.waiting} events not delivered`);
    }),
  };
}

async function takesEvents(socket) {
  const { status, json } = await ask(socket, "/api/raw-events/status?limit=1", { timeoutMs: LOOK_MS });
  return status >= 200 && status < 300 && json?.ingest?.available !== false;
}

/** Tell about events that did not go the usual way. */
function detour(what, count, log, toasts) {
  const told = {
    command: "codemem's server does not answer; events go to the database by the command line",
    disk: "codemem cannot be reached; events are kept on disk until it can",
    lost: "codemem could keep events nowhere; some are lost",
  }[what];
  if (what === "command") log.debug(`${count} events by command`);
  else log.problem(`${count} events: ${told}`);
  toasts.show(told, what === "lost" ? "error" : "warning");
}
