// The parts put together for one open folder.

import { Capture } from "./capture.js";
import { checkCompatibility, updateCommand } from "./compat.js";
import { Delivery } from "./delivery.js";
import { bodyOf } from "./envelope.js";
import { Gate } from "./gate.js";
import { Injection } from "./inject.js";
import { Packs } from "./packs.js";
import { ask } from "./server.js";
import { Sessions } from "./sessions.js";
import { isOff } from "./settings.js";
import { Spool } from "./spool.js";
import { detourWords, injectedWords, Toasts } from "./toasts.js";
import { makeTools, schemaOf } from "./tools.js";
import { userOf } from "./user.js";
import { Viewer } from "./viewer.js";

const LOOK_MS = 1000;
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
export async function start(input, env, schema = null) {
  const folders = (globalThis[FOLDERS] ??= new Set());
  if (isOff(env) || folders.has(input.directory)) return {};
  const user = userOf(input, env);
  const toasts = new Toasts(input.client);
  if (!user.socket || !user.spoolPath) {
    user.log.problem(
      "CODEMEM_DB or CODEMEM_CLAUDE_HOOK_SPOOL_DIR is not an absolute path: codemem is off",
    );
    toasts.show("codemem is off: the path of its database must be absolute", "error");
    return {};
  }
  folders.add(input.directory);
  const parts = partsOf(user, toasts);
  user.log.debug(
    `started in ${input.directory}, runner ${user.runner.kind}, server ${user.socket}`,
  );
  // Neither is waited for: OpenCode starts no later for it.
  parts.openServer();
  checkUser(user, toasts, parts.viewer).catch(() => {});
  return hooksOf(user, parts, schema, () => folders.delete(input.directory));
}

function partsOf(user, toasts) {
  const { settings, socket, command, log, place } = user;
  const gate = new Gate({
    look: () => takesEvents(socket),
    everyMs: settings.statusCheckMs,
    backoffMs: settings.backoffMs,
  });
  const viewer = new Viewer({
    starts: settings.viewer && settings.viewerStarts && user.runner.kind !== "none",
    stops: settings.viewerStops,
    answers: () => isThere(socket),
    command: (args, more) => command(args, { more }),
    problem: (text) => log.problem(text),
  });
  const sessions = new Sessions();
  const packs = new Packs({
    post: (body) => ask(socket, "/api/pack", { body, timeoutMs: settings.injectMs / 2 }),
    gate,
    command,
    place,
    limit: settings.injectLimit,
    tokenBudget: settings.injectTokenBudget,
  });
  return {
    viewer,
    openServer: () => settings.viewer && viewer.start().then((runs) => void (runs && gate.reset())),
    capture: new Capture({ sessions, maxChars: settings.maxEventChars }),
    delivery: deliveryOf(user, gate, toasts),
    injection: new Injection({
      find: (question) => packs.find(question),
      sessions,
      project: place.project,
      waitMs: settings.injectMs,
      injected: (metrics) => toasts.show(injectedWords(metrics)),
    }),
  };
}

function deliveryOf({ settings, socket, spoolPath, command, log }, gate, toasts) {
  const spool = new Spool(spoolPath, {
    maxFiles: settings.spoolFiles,
    maxBytes: settings.spoolBytes,
  });
  return new Delivery({
    post: (body) => ask(socket, "/api/raw-events", { body, timeoutMs: settings.postMs }),
    gate,
    enqueue: async (body) =>
      (await command(["enqueue-raw-event"], { input: JSON.stringify(body) })).code,
    keep: (bodies) => spool.keep(bodies),
    hardMax: settings.hardMax,
    tell: (what, count) => {
      const [words, variant] = detourWords(what);
      if (what === "command") log.debug(`${count} events by command`);
      else log.problem(`${count} events: ${words}`);
      toasts.show(words, variant);
    },
  });
}

function checkUser({ settings, runner, command, call, find, version, log }, toasts, viewer) {
  return checkCompatibility({
    runner,
    minimum: settings.minVersion,
    policy: settings.updatePolicy,
    installed: async () => (await command(["version"])).stdout.trim(),
    update: updateCommand(runner, { version, find }),
    run: call,
    updated: () => viewer.restart(),
    warn: (message) => toasts.show(message, "warning"),
    problem: (text) => log.problem(text),
  });
}

function hooksOf(
  { settings, command, place, log },
  { capture, delivery, injection, openServer, viewer },
  schema,
  left,
) {
  const deliver = (events) =>
    settings.captures && delivery.add(events.map((event) => bodyOf(event, place)));
  const hooks = {
    event: ({ event }) => {
      if (event.type === "session.created") openServer();
      deliver(capture.event(event));
    },
    "chat.message": (input, output) => {
      deliver(capture.prompt(input, output));
      if (settings.injects) injection.prepare(input.sessionID, output.message.id);
    },
    "tool.execute.after": (input, output) => deliver(capture.tool(input, output)),
    "experimental.session.compacting": ({ sessionID }) => injection.compacting(sessionID),
    "experimental.chat.messages.transform": async (_input, { messages }) => {
      if (!settings.injects) return;
      const began = performance.now();
      await injection.addTo(messages);
      log.debug(`a request waited ${Math.round(performance.now() - began)} ms for memories`);
    },
    "tool.definition": ({ toolID }, output) => {
      const known = schema ? null : schemaOf(toolID);
      if (known) output.jsonSchema = known;
    },
    dispose: async () => {
      left();
      viewer.leave();
      await delivery.end(settings.disposeMs);
      log.debug(`ended, ${delivery.waiting} events not delivered`);
    },
  };
  const safe = Object.entries(hooks).map(([name, hook]) => [name, safely(name, hook, log)]);
  const places = [
    `Server: http://${settings.viewerHost}:${settings.viewerPort}/`,
    `Log: ${log.path}`,
  ];
  return {
    ...Object.fromEntries(safe),
    tool: makeTools({ command, project: place.project, places, schema }),
  };
}

/** An event hook that throws hangs `opencode run`; any other fails the prompt. */
function safely(name, hook, log) {
  return async (...given) => {
    try {
      await hook(...given);
    } catch (error) {
      log.debug(`${name}: ${error instanceof Error ? error.stack : error}`);
    }
  };
}

function isThere(socket) {
  const asked = ask(socket, "/api/health", { timeoutMs: LOOK_MS });
  return asked.then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function takesEvents(socket) {
  const { status, json } = await ask(socket, "/api/raw-events/status?limit=1", {
    timeoutMs: LOOK_MS,
  });
  return status >= 200 && status < 300 && json?.ingest?.available !== false;
}
